using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>
/// When a slow read is asked for again, and what that brings. Commands: <c>hedge AFTER [atLeast=MS]</c>, <c>saw MS TIMES</c>, <c>at MS</c>, which tells the delay, and
/// <c>run REQUESTS every=MS fast=MS slow=MS slowPerMille=N budget=PERCENT</c>: two instances, each slow for so many of a thousand requests.
/// </summary>
public sealed class HedgeScenarios
{
    HedgeSpec spec = new();
    HedgeDelay delay = new(new());

    public static TheoryData<string> Files => ScenarioFile.In("hedge");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_run_gives_its_recorded_trace(string file) => ScenarioFile.Run(file, Run);

    string Run(ScenarioStep step)
    {
        var words = step.Words;
        switch (words[0])
        {
            case "hedge":
                if (!HedgeAfter.TryParse(words[1], out var after)) return $"'{words[1]}' is no delay";
                spec = new() { After = after, AtLeast = TimeSpan.FromMilliseconds(Word(words, "atLeast=", 5)) };
                delay = new(spec);
                return string.Join('\n', spec.Validate().Select(p => $"{p.Path}: {p.What}; {p.Remedy}").Append(Delay()));
            case "saw":
                for (var time = 0; time < Number(words[2]); time++) delay.Saw(Number(words[1]) * 1000L);
                return "";
            case "at":
                delay.Beat(Number(words[1]));
                return Delay();
            case "run":
                return Simulate(words);
            default:
                throw new ArgumentException($"'{words[0]}' is no command");
        }
    }

    string Simulate(string[] words)
    {
        var run = new HedgeRun(spec, Word(words, "budget=", 20) / 100.0, seed: 7);
        var every = Word(words, "every=", 10);
        for (var number = 0; number < Number(words[1]); number++)
        {
            run.Ask(number * every, draw => draw < Word(words, "slowPerMille=", 10) ? Word(words, "slow=", 1000) : Word(words, "fast=", 10));
        }
        return string.Create(CultureInfo.InvariantCulture, $"p50 {run.Quantile(0.5, hedged: true)} ms, p99 {run.Quantile(0.99, hedged: true)} ms; without p99 {run.Quantile(0.99, hedged: false)} ms; asked twice {run.Sent.Count}, won {run.Won}");
    }

    string Delay() => delay.Ms < 0 ? "learning" : $"after {delay.Ms} ms";

    static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    static int Word(string[] words, string start, int otherwise) =>
        words.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal)) is { } word ? Number(word[start.Length..]) : otherwise;
}

/// <summary>Requests to two instances, hedged as the path does it, in simulated time.</summary>
sealed class HedgeRun(HedgeSpec spec, double share, ulong seed)
{
    readonly HedgeDelay delay = new(spec);
    readonly RetryBudget budget = new(share);
    readonly PriorityQueue<Action, long> due = new();
    readonly List<long> hedged = [];
    readonly List<long> plain = [];
    Dice dice = new(seed);
    long beatAt;

    /// <summary>When second requests were sent.</summary>
    public List<long> Sent { get; } = [];

    public int Won { get; private set; }

    /// <summary>A request comes.</summary>
    /// <param name="atMs">When; not before the last one.</param>
    /// <param name="latency">Milliseconds for a number from 0 to 999 that is drawn for each attempt.</param>
    public void Ask(long atMs, Func<int, long> latency)
    {
        while (due.TryPeek(out var act, out var at) && at <= atMs)
        {
            Beat(at);
            due.Dequeue();
            act();
        }
        Beat(atMs);
        budget.Earn();
        var (first, second) = (latency(dice.Below(1000)), latency(dice.Below(1000)));
        plain.Add(first);
        var ms = delay.Ms;
        if (ms < 0 || first <= ms)
        {
            End(atMs, first, first);
            return;
        }
        due.Enqueue(
            () =>
            {
                var isSent = budget.TryTake();
                if (isSent) Sent.Add(atMs + ms);
                var wins = isSent && ms + second < first;
                if (wins) Won++;
                End(atMs, wins ? ms + second : first, wins ? ms + second : first);
            },
            atMs + ms);
    }

    public long Quantile(double part, bool hedged)
    {
        var sorted = (hedged ? this.hedged : plain).Order().ToList();
        return sorted[(int)(part * (sorted.Count - 1))];
    }

    void End(long atMs, long took, long seen)
    {
        hedged.Add(took);
        due.Enqueue(() => delay.Saw(seen * 1000), atMs + took);
    }

    void Beat(long nowMs)
    {
        for (; beatAt <= nowMs; beatAt += 100) delay.Beat(beatAt);
    }
}
