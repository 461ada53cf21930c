using System.Text.Json;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Traffic;

/// <summary>What would happen to a request, and what happened to one. The gateways answer, with their live tables and policies.</summary>
public sealed class ExplainEndpoints(QuestionDesk desk, Mirror mirror)
{
    const int MostHeaders = 64;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/explain", "What the gateway would do with a request: the route, what each policy says, the instance.", ExplainAsync)
        {
            Body = typeof(ExplainBody),
            Answer = typeof(Explanation),
        },
        new("GET", "/api/v1/requests/{id}", "What happened to a request, by its X-Request-Id. Each gateway thread remembers its latest 2,048.", PastAsync) { Answer = typeof(PastRequest) },
        new("POST", "/internal/v1/answers", "A gateway's answer to a question.", AnswerAsync) { Body = typeof(QuestionAnswer) },
    ];

    async Task<Answer?> ExplainAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<ExplainBody>(call);
        if (body is null)
        {
            return malformed;
        }

        if (Problems(body).ToArray() is { Length: > 0 } problems)
        {
            return ProblemAnswer.Invalid(problems);
        }

        var question = body.ToQuestion();
        var answers = await desk.AskAsync(question, a => a.Explanation is not null, call.Stop);
        return answers.FirstOrDefault(a => a.Explanation is not null) is { Explanation: { } explanation }
            ? Answer.Json(explanation)
            : ProblemAnswer.Unavailable("no gateway answered", "see 'mainstay status' whether one is running");
    }

    async Task<Answer?> PastAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var id = call.Path("id");
        if (id.Length is 0 or > 128)
        {
            return ProblemAnswer.BadRequest("a request's id has 1 to 128 characters", "give the X-Request-Id of the response");
        }

        var answers = await desk.AskAsync(new Question("", RequestId: id), a => a.Past is not null, call.Stop);
        return answers.FirstOrDefault(a => a.Past is not null) is { Past: { } past }
            ? Answer.Json(past)
            : answers.Count == 0
                ? ProblemAnswer.Unavailable("no gateway answered", "see 'mainstay status' whether one is running")
                : ProblemAnswer.NotFound($"no gateway remembers a request '{id}'", "give the X-Request-Id of a recent response; each gateway thread keeps its latest 2,048 requests");
    }

    async Task<Answer?> AnswerAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        try
        {
            using var reader = new StreamReader(call.Request.Body);
            desk.Take(QuestionAnswer.FromJson(await reader.ReadToEndAsync(call.Stop)));
            return new BytesAnswer("{}"u8.ToArray());
        }
        catch (JsonException malformed)
        {
            return Body.Malformed(malformed);
        }
    }

    IEnumerable<ProblemPlace> Problems(ExplainBody body)
    {
        if (body.Method.Length is 0 or > 32 || !body.Method.All(char.IsAsciiLetter))
        {
            yield return new("method", $"'{body.Method}' is not a method", "write one such as GET");
        }

        if (!Uri.TryCreate(body.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            yield return new("url", $"'{body.Url}' is not an http URL", "write for example http://shop.example/api/orders/1");
        }

        if (body.Headers.Count > MostHeaders)
        {
            yield return new("headers", $"{body.Headers.Count} headers are more than {MostHeaders}", "give fewer");
        }

        foreach (var line in body.Headers.Where(l => l.IndexOf(':', StringComparison.Ordinal) <= 0 || l.Any(char.IsControl) || !char.IsAscii(l[0])))
        {
            yield return new("headers", $"'{line}' is not a header line", "write 'Name: value'");
        }

        if (body.Client is { } client && !System.Net.IPAddress.TryParse(client, out _))
        {
            yield return new("client", $"'{client}' is not an IP address", "write for example 10.1.2.3");
        }

        if (body.Need is { } need && mirror.Read(seen => seen.Get<MeshLink>(need)) is null)
        {
            yield return new("need", $"there is no need '{need}'", "write CALLER.CALLEE, see 'mainstay get links'");
        }
    }
}

/// <summary>A request to be explained.</summary>
public sealed record ExplainBody
{
    /// <summary>Default GET.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Absolute: its host is the Host header.</summary>
    public required string Url { get; init; }

    /// <summary>Header lines, as <c>name: value</c>; at most 64.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>A need <c>caller.callee</c> instead of the front door.</summary>
    public string? Need { get; init; }

    /// <summary>The client's IP address. Default loopback.</summary>
    public string? Client { get; init; }

    public Question ToQuestion()
    {
        var url = new Uri(Url);
        return new Question("", Method: Method.ToUpperInvariant(), Target: TargetOf(), Host: url.Authority, Headers: Headers, Need: Need, Client: Client);
    }

    // As written: Uri would resolve the dots and decode what a client may well send.
    string TargetOf()
    {
        var slash = Url.IndexOf('/', Url.IndexOf("://", StringComparison.Ordinal) + 3);
        var fragment = Url.IndexOf('#', StringComparison.Ordinal);
        var end = fragment < 0 ? Url.Length : fragment;
        return slash < 0 || slash >= end ? "/" : Url[slash..end].Replace(" ", "%20", StringComparison.Ordinal);
    }
}
