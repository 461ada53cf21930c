using System.Net;
using System.Text;

namespace Mainstay.Tests.Host.Cli;

/// <summary>The Admin API as a list of answers. Each request takes the next one of its route; the last stays. Other routes are 404.</summary>
sealed class FakeServer(StringBuilder trace, Action interrupt, Action expire) : HttpMessageHandler
{
    readonly Dictionary<string, Queue<(string Status, string End, string Body)>> routes = new(StringComparer.Ordinal);

    public bool IsDown { get; set; }

    /// <summary>Adds an answer.</summary>
    /// <param name="route">Method and path below <c>/api/v1/</c>.</param>
    /// <param name="status">The status code.</param>
    /// <param name="end">How a stream of events ends: <c>interrupt</c> (the user presses Ctrl-C), <c>expire</c> (time goes on) or <c>lost</c>; empty for a plain body.</param>
    /// <param name="body">The body.</param>
    public void Add(string route, string status, string end, string body)
    {
        if (!routes.TryGetValue(route, out var answers))
        {
            routes[route] = answers = new();
        }

        answers.Enqueue((status, end, body));
    }

    public void Clear() => routes.Clear();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (IsDown)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        }

        var route = $"{request.Method} {request.RequestUri!.PathAndQuery.Replace("/api/v1/", "", StringComparison.Ordinal)}";
        if (request.Method != HttpMethod.Get)
        {
            trace.Append("> ").Append(route).Append(' ').Append(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)).Append('\n');
        }

        if (!routes.TryGetValue(route, out var answers))
        {
            return Answer("404", "", """{"title":"Not Found","detail":"there is no such thing","remedy":"look at 'mainstay status'"}""");
        }

        var (status, end, body) = answers.Count > 1 ? answers.Dequeue() : answers.Peek();
        return Answer(status, end, body);
    }

    HttpResponseMessage Answer(string status, string end, string body)
    {
        HttpContent content = end.Length > 0
            ? new StreamContent(new EndingStream(Encoding.UTF8.GetBytes(body + "\n\n"), end switch { "interrupt" => interrupt, "expire" => expire, _ => null }))
            : new StringContent(body);
        return new((HttpStatusCode)int.Parse(status)) { Content = content };
    }

    /// <summary>A body that, once read, makes something happen and then gives nothing more until the reader is cancelled; or just ends.</summary>
    sealed class EndingStream(byte[] bytes, Action? end) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            if (read > 0 || end is null)
            {
                return read;
            }

            end();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }
    }
}
