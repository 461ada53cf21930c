using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// How a breaker goes from state to state. Commands: <c>breaker</c> with terms, <c>at MS</c>, <c>good|error|limited|nothing TIMES</c>, <c>slow TIMES</c>,
/// <c>ask TIMES</c> (how many of so many requests pass), <c>ping good|bad</c>.
/// </summary>
public sealed class BreakerScenarios
{
    Breaker breaker = new(new BreakerSpec());
    Dice dice = new(3);
    long now;

    public static TheoryData<string> Files => ScenarioFile.In("breaker");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_request_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        switch (words[0])
        {
            case "breaker":
                breaker = new Breaker(Terms(words));
                now = 0;
                return Standing("");
            case "at":
                now = Number(words[1]);
                return Standing(breaker.Beat(now) ? "all pass again" : "");
            case "ask":
                var passed = Enumerable.Range(0, Number(words[1])).Count(_ => breaker.Admits(now, ref dice));
                return $"{passed} of {words[1]} pass";
            case "ping":
                return !breaker.WantsPing(now) ? Standing("no ping is wanted") : Standing(breaker.Pinged(words[1] == "good", now) ? "requests are let in" : "");
            default:
                var opened = 0;
                for (var time = 0; time < Number(words[1]); time++)
                {
                    var outcome = words[0] == "slow" ? Outcome.Good : Enum.Parse<Outcome>(words[0], ignoreCase: true);
                    if (breaker.Ended(outcome, words[0] == "slow" ? 5_000_000 : 1000, now)) opened++;
                }
                return Standing(opened > 0 ? $"opened {opened} time: {breaker.Why}" : "");
        }
    }

    string Standing(string what)
    {
        var counts = breaker.Counted(now);
        var text = $"{breaker.State.ToString().ToLowerInvariant()}, {counts.Calls} calls, {counts.Errors} errors, {counts.Slow} slow";
        if (breaker.State == BreakerState.Open) text += $", come again in {breaker.RetryAfter(now)} s";
        return what.Length == 0 ? text : $"{what}\n{text}";
    }

    static BreakerSpec Terms(string[] words)
    {
        var terms = new BreakerSpec();
        foreach (var pair in words.Skip(1).Select(word => word.Split('=')))
        {
            terms = pair[0] switch
            {
                "errors" => terms with { Errors = Share.Percent(Number(pair[1])) },
                "slow" => terms with { Slow = Share.Percent(Number(pair[1])), SlowerThan = TimeSpan.FromSeconds(1) },
                "consecutive" => terms with { Consecutive = Number(pair[1]) },
                "minimum" => terms with { Minimum = Number(pair[1]) },
                "limited" => terms with { Limited = Enum.Parse<WhenLimited>(pair[1], ignoreCase: true) },
                _ => throw new ArgumentException($"'{pair[0]}' is no term"),
            };
        }
        return terms;
    }

    static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
