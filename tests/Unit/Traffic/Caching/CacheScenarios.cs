using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>
/// A whole gateway with a clock of its own before a service that answers as each step says. Commands: <c>route WORDS</c> (a new gateway), <c>wait SECONDS</c>,
/// <c>METHOD TARGET</c> with the request's further headers as input lines that begin with <c>&gt;</c> and the service's answer as those with <c>&lt;</c> (without any the service
/// is down), <c>throw NAME</c> and <c>undo</c> of a degradation, <c>purge PATH</c>, <c>numbers</c>. The trace tells what the service was asked and what the client got.
/// </summary>
public sealed class CacheScenarios : IAsyncLifetime
{
    static readonly string[] Hidden = ["Host", "X-Request-Id", "traceparent", "X-Mainstay-Deadline", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Content-Length", "Date"];
    readonly List<string> asked = [];
    readonly RawUpstream service;
    GatewayUnderTest? gateway;
    FakeTime time = new();
    string? answer;
    CachePurge? purge;

    public CacheScenarios() => service = new RawUpstream((peer, _) => ServeAsync(peer));

    public static TheoryData<string> Files => ScenarioFile.In("cache");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_request_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, step => Task.Run(() => RunAsync(step)).GetAwaiter().GetResult());

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (gateway is not null)
        {
            await gateway.DisposeAsync();
        }

        await service.DisposeAsync();
    }

    async Task<string> RunAsync(ScenarioStep step)
    {
        var words = step.Words;
        switch (words[0])
        {
            case "route":
                if (gateway is not null)
                {
                    await gateway.DisposeAsync();
                }

                time = new FakeTime();
                purge = null;
                var spec = SpecOf(words);
                spec.Validate().ShouldBeEmpty();
                gateway = new GatewayUnderTest([service.Endpoint()], time: time, route: new("all", spec));
                return "";
            case "wait":
                time.Advance(TimeSpan.FromSeconds(double.Parse(words[1], CultureInfo.InvariantCulture)));
                return "";
            case "numbers":
                var report = gateway!.Policies().Single(policy => policy.Kind == "cache");
                return string.Join('\n', report.Numbers.Where(pair => pair.Value > 0 && pair.Key is not ("bytes" or "memoryBytes" or "memoryLimitBytes"))
                    .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}")));
            case "throw":
                gateway!.Intervene(new Intervention { Name = "i1", About = words.ElementAtOrDefault(2) ?? "route/all", Reason = "a test", At = time.GetUtcNow(), Until = time.GetUtcNow().AddHours(1), Degrade = words[1] });
                return "";
            case "purge":
                purge = (purge ?? new CachePurge { Name = "route.all", About = "route/all" }).With(words.ElementAtOrDefault(1), "me", time.GetUtcNow());
                purge.Validate().ShouldBeEmpty();
                gateway!.Purge(purge);
                return "";
            case "undo":
                gateway!.Intervene();
                return "";
            default:
                return await AskAsync(step);
        }
    }

    async Task<string> AskAsync(ScenarioStep step)
    {
        var lines = step.Input.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var headers = string.Concat(lines.Where(line => line.StartsWith('>')).Select(line => line[1..].Trim() + "\r\n"));
        var response = lines.Where(line => line.StartsWith('<')).Select(line => line[1..].TrimStart()).ToArray();
        Volatile.Write(ref answer, response.Length == 0 ? null : AnswerOf(response));
        lock (asked)
        {
            asked.Clear();
        }

        using var client = await gateway!.ConnectAsync();
        await client.SendAsync($"{step.Words[0]} {step.Words[1]} HTTP/1.1\r\n{(headers.StartsWith("Host:", StringComparison.Ordinal) ? "" : "Host: h\r\n")}{headers}Connection: close\r\n\r\n");
        var got = await client.ReadToEndAsync();
        if (step.Words.Contains("then-asks"))
        {
            // What is asked beside comes in its own time.
            while (gateway.Gateway.Connections > 0)
            {
                await Task.Yield();
            }
        }

        lock (asked)
        {
            return (asked.Count == 0 ? "not asked" : // Whether a connection that just ended is tried first is a matter of chance.
                string.Join('\n', asked.Distinct())) + "\n" + Shown(got);
        }
    }

    async Task ServeAsync(RawPeer peer)
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            lock (asked)
            {
                asked.Add("asked " + string.Join(", ", head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where((line, at) => at == 0 || !IsHidden(line))));
            }

            if (Volatile.Read(ref answer) is not { } text)
            {
                return;
            }

            await peer.SendAsync(head.StartsWith("HEAD", StringComparison.Ordinal) ? text[..(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)] : text);
        }
    }

    static string AnswerOf(string[] lines)
    {
        var body = lines[^1].StartsWith("= ", StringComparison.Ordinal) ? lines[^1][2..] : null;
        var head = string.Concat(lines.Take(body is null ? lines.Length : lines.Length - 1).Select(line => line + "\r\n"));
        if (lines.Any(line => line.StartsWith("Transfer-Encoding", StringComparison.Ordinal)))
        {
            return $"HTTP/1.1 {head}\r\n{body![..1]}".Replace($"\r\n\r\n{body![..1]}", $"\r\n\r\n1\r\n{body[..1]}\r\n{body.Length - 1:x}\r\n{body[1..]}\r\n0\r\n\r\n", StringComparison.Ordinal);
        }

        return head.StartsWith("304", StringComparison.Ordinal) ? $"HTTP/1.1 {head}\r\n" : $"HTTP/1.1 {head}Content-Length: {body?.Length ?? 0}\r\n\r\n{body}";
    }

    static string Shown(string got)
    {
        var end = got.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = got[..end].Split("\r\n");
        var text = new StringBuilder(lines[0][9..]);
        foreach (var line in lines.Skip(1).Where(line => !IsHidden(line) && !line.StartsWith("Connection", StringComparison.Ordinal)))
        {
            text.Append('\n').Append(line);
        }

        return text.Append(got.Length > end + 4 ? "\n= " + got[(end + 4)..].Replace("\r\n", "~", StringComparison.Ordinal) : "").ToString();
    }

    static bool IsHidden(string line) => Hidden.Any(name => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));

    static RouteSpec SpecOf(string[] words)
    {
        CacheSpec? cache = new CacheSpec();
        var degrade = new DegradeSpec();
        var spec = new RouteSpec { Match = new RouteMatch { Path = "/{**rest}" }, To = "s", Retry = new() { Attempts = 1 } };
        foreach (var word in words.Skip(1))
        {
            var (name, value) = word.Split('=', 2) is [var n, var v] ? (n, v) : (word, "");
            var span = double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : default;
            switch (name)
            {
                case "ttl": cache = cache! with { Ttl = span }; break;
                case "swr": cache = cache! with { StaleWhileRevalidate = span }; break;
                case "sie": cache = cache! with { StaleIfError = span }; break;
                case "strip": cache = cache! with { SetCookie = SetCookieRule.Strip }; break;
                case "most": cache = cache! with { MaxObject = new(long.Parse(value, CultureInfo.InvariantCulture)) }; break;
                case "variants": cache = cache! with { Variants = (int)seconds }; break;
                case "ignore": cache = cache! with { Query = new() { Ignore = value.Split(',') } }; break;
                case "deaf": cache = cache! with { HonourClients = false }; break;
                case "no-cache": cache = null; break;
                case "good": spec = spec with { Fallback = new() { LastGood = new() { Keep = span } } }; break;
                case "per-client": spec = spec with { Fallback = new() { LastGood = spec.Fallback!.LastGood! with { PerClient = true } } }; break;
                case "or-else": spec = spec with { Fallback = spec.Fallback! with { Body = "sorry", ContentType = "text/plain" } }; break;
                case "low": spec = spec with { Criticality = Criticality.Low }; break;
                case "off": degrade = degrade with { Off = new() { Body = "closed" } }; break;
                case "fallback": degrade = degrade with { Fallback = true }; break;
                case "stale": degrade = degrade with { ServeStale = span }; break;
                case "minimal": degrade = degrade with { Minimal = value }; break;
                case "cors": spec = spec with { Cors = new() { Origins = ["https://a.example"] } }; break;
                case "breaker": spec = spec with { Breaker = new() { Consecutive = 1, Open = TimeSpan.FromSeconds(60) } }; break;
                default: throw new ArgumentException($"'{word}' is no word");
            }
        }

        return spec with { Cache = cache, Degrade = degrade.Names().Any() ? degrade : null };
    }
}
