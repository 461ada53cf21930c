using System.Text.Json.Nodes;
using Shouldly;

namespace Mainstay.Tests.Host.Api;

/// <summary>Reads a stream of server-sent events or of lines, waiting for each; a stream that says nothing for 10 s of real time fails the test.</summary>
public sealed class StreamReaderOf(HttpResponseMessage response, Stream stream) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly StreamReader reader = new(stream);

    public HttpResponseMessage Response => response;

    /// <summary>The next line; null at the end.</summary>
    public Task<string?> LineAsync() => reader.ReadLineAsync().WaitAsync(Patience);

    /// <summary>The next line as JSON.</summary>
    public async Task<JsonNode> JsonAsync() => JsonNode.Parse((await LineAsync()).ShouldNotBeNull())!;

    /// <summary>The next event; null at the end.</summary>
    public async Task<SseEvent?> EventAsync()
    {
        string? id = null, name = null, data = null;
        while (await LineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                return new(id, name!, JsonNode.Parse(data!)!);
            }

            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            var value = line[(colon + 2)..];
            switch (line[..colon])
            {
                case "id":
                    id = value;
                    break;
                case "event":
                    name = value;
                    break;
                case "data":
                    data = value;
                    break;
                default:
                    throw new InvalidDataException(line);
            }
        }

        return null;
    }

    /// <summary>The next event that is no ping (unless a ping is meant), which has this name.</summary>
    public async Task<SseEvent> EventAsync(string name)
    {
        var next = (await EventAsync()).ShouldNotBeNull();
        while (next.Name == "ping" && name != "ping")
        {
            next = (await EventAsync()).ShouldNotBeNull();
        }

        next.Name.ShouldBe(name);
        return next;
    }

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}

/// <summary>A server-sent event.</summary>
public sealed record SseEvent(string? Id, string Name, JsonNode Data);
