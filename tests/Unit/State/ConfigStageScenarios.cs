using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>
/// A publish that goes out in stages. Commands: <c>stage STEPS HOLD [gates]</c> with <c>hosts=A,B</c> and <c>labels=K=V</c>, <c>readers NAME[@HOST[:K=V]] …</c> (who reads; all of them take up at once what they are to have, those after
/// <c>behind</c> never do), <c>at SECONDS [harm WHY …]</c>, <c>pause</c>, <c>resume</c>. The trace: what is decided, and who has it.
/// </summary>
public sealed class ConfigStageScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("stage");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file)
    {
        var world = new World();
        ScenarioFile.Run(file, world.Do);
    }

    [Fact]
    public void Whoever_has_it_keeps_it_as_shares_grow_and_readers_come()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var chance = new Random(seed);
            var readers = Enumerable.Range(0, chance.Next(0, 40)).Select(i => $"web-{i}").ToList();
            var staged = World.Of(ConfigStages.UsualSteps, new()) with { Number = seed + 1 };
            HashSet<string> had = [];
            for (var step = 0; step < 3; step++)
            {
                staged = staged with { Step = step, UpTo = Math.Max(staged.UpTo, ConfigRanks.UpTo("web", staged.Number, staged.Plan.Shares()[step], readers)) };
                readers.AddRange(Enumerable.Range(0, chance.Next(0, 10)).Select(i => $"more-{step}-{i}"));
                var has = readers.Where(r => ConfigRanks.Takes(staged, "web", new(r, "", new Dictionary<string, string>()))).ToHashSet();
                had.ShouldAllBe(r => has.Contains(r));
                had = has;
            }
        }
    }

    [Fact]
    public void A_share_is_at_least_one_and_never_more_than_it_says()
    {
        foreach (var count in Enumerable.Range(1, 60))
        {
            var readers = Enumerable.Range(0, count).Select(i => $"web-{i}").ToArray();
            foreach (var share in new[] { 1.0, 5, 25, 50, 99 })
            {
                var upTo = ConfigRanks.UpTo("web", 7, Share.Percent(share), readers);
                readers.Count(r => ConfigRanks.Of("web", 7, r) <= upTo).ShouldBe((int)Math.Max(1, Math.Ceiling(count * share / 100 - 1e-9)));
            }
        }
    }

    sealed class World
    {
        static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        ConfigStaging staged = Of([], new());
        ConfigReaderIdentity[] readers = [];
        readonly HashSet<string> behind = [];

        public static ConfigStaging Of(IReadOnlyList<Share> steps, ConfigStages plan) => new() { Number = 7, Content = new(), Plan = plan with { Steps = steps }, Began = Start, Since = Start, By = "ada" };

        public string Do(ScenarioStep step)
        {
            switch (step.Words)
            {
                case ["stage", var shares, var hold, .. var more]:
                    var plan = new ConfigStages
                    {
                        Hold = Durations.TryParse(hold, out var held) ? held : throw new FormatException(hold), Pause = more.Contains("gates"),
                        Hosts = more.FirstOrDefault(m => m.StartsWith("hosts=", StringComparison.Ordinal))?[6..].Split(','),
                        Labels = more.FirstOrDefault(m => m.StartsWith("labels=", StringComparison.Ordinal))?[7..].Split(',').Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]),
                    };
                    staged = Of([.. shares.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(s => Share.TryParse(s, out var share) ? share : throw new FormatException(s))], plan);
                    var problems = staged.Plan.Validate().Select(p => p.ToString()).ToArray();
                    staged = staged with { UpTo = problems.Length > 0 ? 0 : UpTo(staged) };
                    return problems.Length > 0 ? string.Join('\n', problems) : Has();
                case ["readers", .. var names]:
                    var late = Array.IndexOf(names, "behind") is >= 0 and var at ? at : names.Length;
                    readers = [.. names.Where(n => n != "behind").Select(Read)];
                    behind.Clear();
                    behind.UnionWith(names.Skip(late + 1).Select(n => Read(n).Name));
                    return Has();
                case ["pause"]:
                    staged = staged with { Paused = true };
                    return "paused";
                case ["resume"]:
                    staged = staged with { Paused = false, Passed = true };
                    return "resumed";
                case ["at", var seconds, .. var harm]:
                    return Look(Start.AddSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)), harm is ["harm", .. var why] ? string.Join(' ', why) : null);
                default:
                    throw new InvalidOperationException(step.Command);
            }
        }

        string Look(DateTimeOffset now, string? harm)
        {
            var chosen = readers.Where(r => ConfigRanks.Takes(staged, "web", r)).ToArray();
            var plan = ConfigStageDecide.Next(staged, new(chosen.Length, chosen.Count(r => !behind.Contains(r.Name)), harm), now);
            if (plan.Move == ConfigStageMove.Step)
            {
                staged = staged with { Step = staged.Step + 1, Since = now, Passed = false };
                staged = staged with { UpTo = Math.Max(staged.UpTo, UpTo(staged)) };
            }

            return $"{plan.Move.ToString().ToLowerInvariant()}: {plan.Why}{(plan.Until is { } until ? $" (until {(until - Start).TotalSeconds:0}s)" : "")}{(plan.Move == ConfigStageMove.Step ? "\n" + Has() : "")}";
        }

        uint UpTo(ConfigStaging one) => ConfigRanks.UpTo("web", one.Number, one.Plan.Shares()[one.Step], readers.Where(r => ConfigRanks.May(one.Plan, r)).Select(r => r.Name));

        string Has() => "has it: " + (string.Join(' ', readers.Where(r => ConfigRanks.Takes(staged, "web", r)).Select(r => r.Name)) is { Length: > 0 } names ? names : "-");

        static ConfigReaderIdentity Read(string text)
        {
            var parts = text.Split('@', ':');
            return new(parts[0], parts.Length > 1 ? parts[1] : "", parts.Skip(2).Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]));
        }
    }
}
