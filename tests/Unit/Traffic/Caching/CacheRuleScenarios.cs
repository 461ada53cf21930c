using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>
/// What a cache decides, without a network. Commands: <c>judge WORDS</c> with a response's head as input (whether it is kept and for how long), <c>use WORDS</c> (what becomes of a
/// request for the last one that was judged, so many seconds later), <c>key WORDS HOST TARGET</c>, <c>vary HEADER</c> with two values as input, <c>compare WORDS</c> (hit ratios).
/// </summary>
public sealed class CacheRuleScenarios
{
    static readonly long Now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    CacheTerms terms = new();
    StoredTimes times;

    public static TheoryData<string> Files => ScenarioFile.In("cache-rules");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_decision_is_the_recorded_one(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step) => step.Words[0] switch
    {
        "judge" => Judge(step),
        "use" => Use(step.Words),
        "key" => Key(step.Words),
        "vary" => Vary(step),
        "compare" => CacheTrace.Compare(step.Words),
        _ => throw new ArgumentException($"'{step.Command}' is no command"),
    };

    string Judge(ScenarioStep step)
    {
        terms = new CacheTerms { IsCache = true };
        var request = new RequestFacts { IsGet = true, Control = new() };
        foreach (var word in step.Words.Skip(1))
        {
            var (name, value) = word.Split('=', 2) is [var n, var v] ? (n, v) : (word, "");
            switch (name)
            {
                case "ttl": terms = terms with { TtlMs = Ms(value) }; break;
                case "heuristic": terms = terms with { Heuristic = Ms(value) / 100_000.0 }; break;
                case "swr": terms = terms with { StaleWhileRevalidateMs = Ms(value) }; break;
                case "sie": terms = terms with { StaleIfErrorMs = Ms(value) }; break;
                case "good": terms = terms with { LastGoodMs = Ms(value) }; break;
                case "only-good": terms = terms with { IsCache = false }; break;
                case "strip": terms = terms with { StripsCookies = true }; break;
                case "per-client": terms = terms with { IsPerClient = true }; break;
                case "authorized": request.IsAuthorized = true; break;
                case "cookie": request.HasCookie = true; break;
                case "head": request.IsGet = false; break;
                case "range": request.IsRange = true; break;
                case "no-store": request.Control.Add("no-store"u8); break;
                default: throw new ArgumentException($"'{word}' is no word");
            }
        }

        var bytes = Encoding.ASCII.GetBytes(step.Input.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n\r\n");
        var head = new ResponseHead();
        head.Reset();
        Assert.Equal(ParseStatus.Complete, head.Parse(bytes, new PathLimits()));
        var facts = FactsReader.Of(bytes, head, Now);
        var verdict = CacheRules.Judge(request, facts, terms);
        if (verdict > Keep.LastGood)
        {
            return $"not kept: {verdict}";
        }

        times = CacheRules.Times(request, facts, terms, 0, 0, Now);
        return $"kept: {verdict}, {times.AgeMs / 1000} s old, fresh for {times.FreshMs / 1000} s, then {times.RevalidateMs / 1000} s while revalidating, {times.ErrorMs / 1000} s on errors, "
            + $"good for {times.GoodMs / 1000} s{(times.AlwaysAsks ? ", always asks" : "")}{(times.NeverStale ? ", never stale" : "")}";
    }

    string Use(string[] words)
    {
        var asked = new CacheDirectives();
        if (words.Length > 2)
        {
            asked.Add(Encoding.ASCII.GetBytes(string.Join(' ', words[2..])));
        }

        var now = Ms(words[1]);
        return $"{CacheRules.Use(times, asked, terms, now)}{(CacheRules.MayRescue(times, asked, terms, now) ? ", may rescue" : "")}{(CacheRules.IsGood(times, now) ? ", good" : "")}, age {times.Age(now) / 1000}";
    }

    static string Key(string[] words)
    {
        var spec = new CacheQuerySpec();
        foreach (var word in words[1..^2])
        {
            spec = word.Split('=', 2) switch
            {
                ["ignore", var names] => spec with { Ignore = names.Split(',') },
                ["only", var names] => spec with { Only = names.Split(',') },
                ["sort"] => spec with { Sort = true },
                _ => spec,
            };
        }

        var target = words[^1];
        var question = target.IndexOf('?', StringComparison.Ordinal);
        Span<byte> into = new byte[1024];
        var length = CacheKey.Write(
            into, words.Contains("secure"), Encoding.ASCII.GetBytes(words[^2]), Encoding.ASCII.GetBytes(question < 0 ? target : target[..question]),
            question < 0 ? default : Encoding.ASCII.GetBytes(target[(question + 1)..]), QueryRule.Of(spec));
        return Encoding.ASCII.GetString(into[..length]);
    }

    static string Vary(ScenarioStep step)
    {
        var name = Encoding.ASCII.GetBytes(step.Words[1]);
        var written = step.Input.Split('\n').Select(line =>
        {
            var into = new byte[1024];
            return into[..SelectingHeader.Write(into, 0, name, Encoding.ASCII.GetBytes(line))];
        }).ToArray();
        return written[0].AsSpan().SequenceEqual(written[1]) ? "the same" : "different";
    }

    static long Ms(string seconds) => (long)(double.Parse(seconds, CultureInfo.InvariantCulture) * 1000);
}
