using System.Text;
using System.Text.Json;

namespace Mainstay.Client.Queues;

/// <summary>A message of a queue: a CloudEvent, with what is needed to settle it where it was taken.</summary>
public sealed record QueueEvent
{
    /// <summary>The event's type, for example <c>order.made</c>. 1 to 1,000 characters.</summary>
    public required string Type { get; init; }

    /// <summary>With <see cref="Source"/> what it is known by: one that comes again within the queue's <c>dedupe</c> is stored once. 1 to 1,000 characters.</summary>
    public required string Id { get; init; }

    /// <summary>Who made it, as a URI reference. Default <c>/</c> and the service's name.</summary>
    public string Source { get; init; } = "/" + (Environment.GetEnvironmentVariable("MAINSTAY_SERVICE") ?? "");

    /// <summary>Messages of one key are delivered one after another, in their order; null for none. At most 200 characters.</summary>
    public string? Key { get; init; }

    /// <summary>0 to 9; higher ones come first. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Not delivered before. Default: at once; at most 30 days.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>JSON.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Settles this delivery; null for one that was not taken.</summary>
    public string? Receipt { get; init; }

    /// <summary>How often it was delivered, this time included.</summary>
    public int Attempt { get; init; }

    /// <summary>An event whose data is a value as JSON.</summary>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public static QueueEvent Of<T>(string type, string id, T data, JsonSerializerOptions? options = null) =>
        new() { Type = type, Id = id, Data = JsonSerializer.SerializeToUtf8Bytes(data, options ?? JsonSerializerOptions.Web) };

    /// <summary>The data as a value.</summary>
    /// <exception cref="JsonException">It is no such value.</exception>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public T? Read<T>(JsonSerializerOptions? options = null) => JsonSerializer.Deserialize<T>(Data.Span, options ?? JsonSerializerOptions.Web);

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("specversion", "1.0");
        writer.WriteString("id", Id);
        writer.WriteString("source", Source.Length == 0 ? "/" : Source);
        writer.WriteString("type", Type);
        writer.WriteString("datacontenttype", "application/json");
        if (Key is not null)
        {
            writer.WriteString("partitionkey", Key);
        }

        if (Priority > 0)
        {
            writer.WriteNumber("priority", Priority);
        }

        if (Delay > TimeSpan.Zero)
        {
            writer.WriteString("delay", $"{(long)Delay.TotalMilliseconds}ms");
        }

        writer.WritePropertyName("data");
        writer.WriteRawValue(Data.Span);
        writer.WriteEndObject();
    }

    internal static QueueEvent Read(JsonElement message) =>
        Of(message.GetProperty("event")) with { Receipt = message.GetProperty("receipt").GetString(), Attempt = message.GetProperty("attempt").GetInt32() };

    /// <summary>An event as it is written in JSON.</summary>
    internal static QueueEvent Of(JsonElement told)
    {
        string Text(string name) => told.TryGetProperty(name, out var value) ? value.ToString() : "";
        return new()
        {
            Type = Text("type"),
            Id = Text("id"),
            Source = Text("source"),
            Key = told.TryGetProperty("partitionkey", out var key) ? key.ToString() : null,
            Priority = told.TryGetProperty("priority", out var priority) && priority.TryGetInt32(out var digit) ? digit : 0,
            Delay = Text("delay") is ['0' or '1' or '2' or '3' or '4' or '5' or '6' or '7' or '8' or '9', .., 'm', 's'] delay && long.TryParse(delay[..^2], out var ms) ? TimeSpan.FromMilliseconds(ms) : TimeSpan.Zero,
            Data = told.TryGetProperty("data", out var data) ? Encoding.UTF8.GetBytes(data.GetRawText())
                : told.TryGetProperty("data_base64", out var bytes) ? bytes.GetBytesFromBase64() : ReadOnlyMemory<byte>.Empty,
        };
    }
}
