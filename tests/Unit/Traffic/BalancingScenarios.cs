using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// Who gets how many of a run of requests, and who is ejected when. Commands: <c>endpoints NAME[=WEIGHT] …</c>, <c>at MS</c>, <c>pick POLICY TIMES [slowStart=MS] [key=TEXT] [near=COUNT share=PERCENT]</c>,
/// <c>answer NAME MICROS [TIMES]</c>, <c>hold NAME REQUESTS</c>, <c>alone NAME MS</c>, <c>new NAME</c>, <c>cost</c>, <c>outliers</c> with terms, <c>good|bad NAME TIMES</c>,
/// <c>mix NAME BAD GOOD</c>, <c>leave NAME</c>, <c>breakers</c> (one per endpoint, open for 5 s, a trickle of 10 s), <c>open NAME</c>, <c>ping NAME</c>.
/// </summary>
public sealed class BalancingScenarios
{
    Load[] loads = [];
    Outliers? outliers;
    BreakerPart[] breakers = [];
    long now = 1000;
    Dice dice = new(7);
    uint turn;

    public static TheoryData<string> Files => ScenarioFile.In("balancing");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_pick_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        switch (words[0])
        {
            case "endpoints":
                loads = [.. words.Skip(1).Select(word => word.Split('=')).Select(part => new Load(part[0]) { Weight = part.Length > 1 ? Number(part[1]) : 1 })];
                return "";
            case "breakers":
                var terms = new BreakerSpec { Consecutive = 1, Open = TimeSpan.FromSeconds(5), Trickle = TimeSpan.FromSeconds(10) };
                breakers = [.. loads.Select(load => new BreakerPart("route/r", load.Id, terms, null))];
                return Breakers();
            case "open":
                breakers[Array.IndexOf(loads, Of(words[1]))].Ended(Outcome.Error, 0, now);
                return Breakers();
            case "ping":
                breakers[Array.IndexOf(loads, Of(words[1]))].Breaker.Pinged(true, now);
                return Breakers();
            case "at":
                now = Number(words[1]);
                return Beat();
            case "pick":
                return Pick(Enum.Parse<Balance>(words[1], ignoreCase: true), Number(words[2]), words);
            case "answer":
                for (var time = 0; time < (words.Length > 3 ? Number(words[3]) : 1); time++) Of(words[1]).Observe(Number(words[2]), failed: false, now * 1000);
                return Costs();
            case "fail":
                Of(words[1]).Observe(Number(words[2]), failed: true, now * 1000);
                return Costs();
            case "hold":
                for (var count = 0; count < Number(words[2]); count++) Of(words[1]).Enter();
                return Costs();
            case "alone":
                Of(words[1]).AloneUntilMs = now + Number(words[2]);
                return "";
            case "new":
                Of(words[1]).BornMs = now;
                return "";
            case "cost":
                return Costs();
            case "outliers":
                outliers = new Outliers(new OutlierSpec
                {
                    Consecutive = Word(words, "consecutive=", 5),
                    Minimum = Word(words, "minimum=", 20),
                    Ejection = TimeSpan.FromMilliseconds(Word(words, "ejection=", 30_000)),
                });
                outliers.SetMembers(loads, now);
                return Beat();
            case "good" or "bad":
                for (var time = 0; time < Number(words[2]); time++) outliers!.Outcome(Of(words[1]), words[0] == "bad", now);
                return Beat();
            case "mix":
                var (bad, good) = (Number(words[2]), Number(words[3]));
                for (var (time, owed) = (0, 0); time < bad + good; time++)
                {
                    owed += bad;
                    outliers!.Outcome(Of(words[1]), owed >= bad + good, now);
                    if (owed >= bad + good) owed -= bad + good;
                }
                return Beat();
            case "leave":
                loads = [.. loads.Where(load => load.Id != words[1])];
                outliers!.SetMembers(loads, now);
                return Beat();
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    string Pick(Balance balance, int times, string[] words)
    {
        var counts = new int[loads.Length + 1];
        var key = words.FirstOrDefault(word => word.StartsWith("key=", StringComparison.Ordinal))?[4..];
        for (var time = 0; time < times; time++)
        {
            var all = new Candidates(loads)
            {
                NowMs = now,
                SlowStartMs = Word(words, "slowStart=", 0),
                IsPanic = outliers?.IsPanic ?? false,
                Turn = turn++,
                Breakers = breakers,
                Key = key is null ? 0 : KeyHash.Of(key == "*" ? $"key-{time}" : key) | 1,
            };
            var near = Word(words, "near=", 0);
            counts[(near == 0 ? Balancer.Pick(balance, all, ref dice) : Balancer.PickNear(balance, all, near, Word(words, "share=", 100) / 100.0, ref dice)) is >= 0 and var index ? index : loads.Length]++;
        }
        return string.Join(' ', loads.Select((load, index) => $"{load.Id}={counts[index]}")) + (counts[^1] > 0 ? $" none={counts[^1]}" : "");
    }

    string Breakers() => string.Join(' ', breakers.Select(one => $"{one.Name}={one.Breaker.State.ToString().ToLowerInvariant()}"));

    string Costs() => string.Join(' ', loads.Select(load => string.Create(CultureInfo.InvariantCulture, $"{load.Id}={load.Cost(now):F0}")));

    string Beat()
    {
        if (outliers is null) return "";
        outliers.Beat(now);
        var news = outliers.TakeNews().Select(one => one.Why is { } why ? $"{one.Load.Id} ejected for {one.ForMs} ms: {why}" : $"{one.Load.Id} returned");
        return string.Join('\n', news.Append($"ejected {outliers.Ejected(now)} of at most {outliers.MostEjected}{(outliers.IsPanic ? ", panic" : "")}"));
    }

    Load Of(string name) => loads.Single(load => load.Id == name);

    static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    static int Word(string[] words, string start, int otherwise) =>
        words.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal)) is { } word ? Number(word[start.Length..]) : otherwise;
}
