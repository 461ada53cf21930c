using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>Whole traces of each limiter, of the line before one, and of the level that a service admits.</summary>
public sealed class LimitScenarios
{
    [Theory]
    [MemberData(nameof(Files))]
    public void Trace(string file) => ScenarioFile.Run(file, Run);

    public static TheoryData<string> Files => ScenarioFile.In("limits");

    static string Run(ScenarioStep step) => step.Words switch
    {
        ["fixedWindow", var rate, .. var rest] => Rate(step, rest, (count, per) => Table<FixedWindow, FixedWindow.Cell>(new FixedWindow(count, per), rest), rate),
        ["slidingWindow", var rate, .. var rest] => Rate(step, rest, (count, per) => Table<SlidingWindow, SlidingWindow.Cell>(new SlidingWindow(count, per), rest), rate),
        ["tokenBucket", var rate, .. var rest] => Rate(step, rest, (count, per) => Table<TokenBucket, TokenBucket.Cell>(new TokenBucket(count, per, Number(rest, "burst", (int)count)), rest), rate),
        ["queue", .. var rest] => LineTrace.Run(step, rest),
        ["controller", .. var rest] => ControllerTrace.Run(step, rest),
        ["admit"] => Admit(step),
        ["user", var seconds] => Users(step, long.Parse(seconds, CultureInfo.InvariantCulture)),
        _ => throw new InvalidOperationException($"no such step: {step.Command}"),
    };

    delegate bool Taking(ulong key, long nowNs, long keep, out RateStanding standing);

    static Taking Table<TRule, TCell>(TRule rule, string[] words)
        where TRule : struct, IRateRule<TCell>
        where TCell : struct
    {
        var table = new KeyTable<TRule, TCell>(rule, Number(words, "keys", 64));
        return table.Take;
    }

    static string Rate(ScenarioStep step, string[] words, Func<long, long, Taking> make, string text)
    {
        Mainstay.Core.Kinds.Rate.TryParse(text, out var rate);
        var take = make(rate.Count, rate.Per.Ticks * 100);
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var parts = line.Split(' ');
            Durations.TryParse(parts[0], out var at);
            var times = parts.FirstOrDefault(p => p.StartsWith('x')) is { } x ? int.Parse(x[1..], CultureInfo.InvariantCulture) : 1;
            var passed = 0;
            RateStanding standing = default;
            for (var time = 0; time < times; time++)
            {
                if (take(KeyHash.Of(parts[1]), at.Ticks * 100, Number(parts, "keep", 0), out standing)) passed++;
            }
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {passed} pass, {standing.Remaining} left, all in {Ms(standing.ResetNs)}{(standing.RetryNs == 0 ? "" : $", the next in {Ms(standing.RetryNs)}")}\n");
        }
        return trace.ToString();
    }

    static string Admit(ScenarioStep step)
    {
        var admission = new AdmitLevel();
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var words = line.Split(' ');
            // LEVEL:COUNT …, passed N, overloaded or calm
            var admitted = 0;
            foreach (var word in words.Where(w => w.Contains(':', StringComparison.Ordinal)))
            {
                var parts = word.Split(':');
                for (var time = 0; time < int.Parse(parts[1], CultureInfo.InvariantCulture); time++)
                {
                    // "3" spreads over all users of that criticality, "3;97" is one.
                    var level = parts[0].Contains(';', StringComparison.Ordinal) ? Levels.Parse(Encoding.ASCII.GetBytes(parts[0])) : Levels.Of(parts[0][0] - '0', time % Levels.Users);
                    if (admission.Ask(level)) admitted++;
                }
            }
            var passed = Number(words, "passed", admitted);
            for (var time = 0; time < passed; time++) admission.Pass();
            admission.Turn(words.Contains("overloaded"));
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {admitted} admitted, now from {Levels.Show(admission.Level)}\n");
        }
        return trace.ToString();
    }

    static string Users(ScenarioStep step, long seconds)
    {
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var user = KeyHash.Of(line);
            var now = Levels.UserOf(user, seconds);
            var changes = Enumerable.Range(1, 7200).Where(s => Levels.UserOf(user, seconds + s) != Levels.UserOf(user, seconds + s - 1)).ToArray();
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {now}, changes after {string.Join(" and ", changes.Select(s => $"{s}s"))}\n");
        }
        return trace.ToString();
    }

    internal static int Number(string[] words, string name, int otherwise) =>
        Array.IndexOf(words, name) is >= 0 and var at ? int.Parse(words[at + 1], CultureInfo.InvariantCulture) : otherwise;

    static string Ms(long ns) => Durations.Format(TimeSpan.FromMilliseconds(ns / 1_000_000));
}

/// <summary>Traces of the line before a limit of requests under way.</summary>
static class LineTrace
{
    public static string Run(ScenarioStep step, string[] words)
    {
        Durations.TryParse(words[Array.IndexOf(words, "wait") + 1], out var wait);
        var order = Enum.Parse<QueueOrder>(words[0], ignoreCase: true);
        var flight = new InFlight(LimitScenarios.Number(words, "limit", 1), new QueueSpec { Length = LimitScenarios.Number(words, "length", 10), Wait = wait, Order = order });
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var parts = line.Split(' ');
            Durations.TryParse(parts[0], out var at);
            var micros = (long)at.TotalMicroseconds;
            var ended = new List<string>();
            if (parts[1] == "leave")
            {
                flight.Leave(micros, 0);
            }
            else if (parts[1] == "limit")
            {
                flight.Limit = int.Parse(parts[2], CultureInfo.InvariantCulture);
                flight.Pump(micros);
            }
            else
            {
                foreach (var name in parts[1].Split(',')) Arrive(flight, name, micros, ended);
            }
            ended.AddRange(Guest.Ended);
            Guest.Ended.Clear();
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {string.Join(", ", ended)}{(ended.Count == 0 ? "" : "; ")}{flight.Current} under way, {flight.Waiting} wait\n");
        }
        return trace.ToString();
    }

    // A name ends with its rank: a5.
    static void Arrive(InFlight flight, string name, long micros, List<string> ended)
    {
        if (flight.Waiting == 0 && flight.TryTake(0, micros))
        {
            ended.Add($"{name} enters");
            return;
        }
        var end = flight.Park(new Guest(name), name[^1] - '0', 0, micros);
        ended.Add(end == WaitEnd.Waiting ? $"{name} waits" : end == WaitEnd.Admitted ? $"{name} enters" : $"{name} turned away");
    }

    sealed class Guest(string name) : WaitNode
    {
        [ThreadStatic] static List<string>? ended;
        WaitEnd state;

        public static List<string> Ended => ended ??= [];

        public override bool IsWaiting => state == WaitEnd.Waiting;

        public override bool TryEnd(WaitEnd how)
        {
            if (!IsWaiting) return false;
            state = how;
            return true;
        }

        public override void Resume() => Ended.Add($"{name} {state.ToString().ToLowerInvariant()}");
    }
}

/// <summary>Traces of adaptive controllers.</summary>
static class ControllerTrace
{
    public static string Run(ScenarioStep step, string[] words)
    {
        var controller = AdaptiveLimit.Controller(new LimitSpec
        {
            Algorithm = LimitAlgorithm.Adaptive,
            Controller = Enum.Parse<LimitController>(words[0], ignoreCase: true),
            Limit = LimitScenarios.Number(words, "initial", 20),
            Min = LimitScenarios.Number(words, "min", 4),
            Max = LimitScenarios.Number(words, "max", 1000),
            Target = words.Contains("p99") ? new LatencyTarget { P99 = TimeSpan.FromMilliseconds(LimitScenarios.Number(words, "p99", 0)) } : null,
        });
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var parts = line.Split(' ');
            var times = parts[^1].StartsWith('x') ? int.Parse(parts[^1][1..], CultureInfo.InvariantCulture) : 1;
            var said = new List<string>();
            for (var time = 0; time < times; time++)
            {
                // "full" is a limit that is used up, whatever it is at the time.
                var inFlight = parts.Contains("full") ? controller.Limit : LimitScenarios.Number(parts, "inFlight", 1);
                double p90 = LimitScenarios.Number(parts, "p90", 0);
                var seen = new LatencySummary(LimitScenarios.Number(parts, "samples", p90 == 0 ? 0 : 100), LimitScenarios.Number(parts, "drops", 0), inFlight, p90 * 0.5, p90 * 0.7, p90, LimitScenarios.Number(parts, "p99", (int)p90));
                var next = controller.Next(seen);
                said.Add(string.Create(CultureInfo.InvariantCulture, $"{next.Limit} {next.Why}"));
            }
            trace.Append(CultureInfo.InvariantCulture, $"{line}: {string.Join(", ", said)}\n");
        }
        return trace.ToString();
    }
}
