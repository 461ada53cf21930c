using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Host.Rehearse;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Rehearse;

/// <summary>Rehearsals of small systems, with everything that they tell.</summary>
public sealed class RehearsalScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("rehearse");

    [Theory]
    [MemberData(nameof(Files))]
    public void Run(string file)
    {
        RehearsalState? state = null;
        ScenarioFile.Run(file, step =>
        {
            if (step.Words is ["system"])
            {
                state = RehearsalStage.Of(step.Input);
                return string.Join('\n', SeenOf(state).All<Service>().OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => $"{s.Name}: {s.Status.Ready} of {s.Status.Wanted} ready"));
            }

            var told = Told(state!, step.Words);
            // The same once more is the same.
            Told(state!, step.Words).ShouldBe(told);
            return told;
        });
    }

    internal static Snapshot SeenOf(RehearsalState state)
    {
        var seen = new Snapshot(CoreKinds.All);
        foreach (var resource in state.Resources)
        {
            var key = CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);
            seen.Take(new(key, new(key, Codec.Encode(resource), 1, 1), null), 1);
        }

        return seen;
    }

    static string Told(RehearsalState state, string[] words)
    {
        var flags = words.Index().Where(w => w.Item.StartsWith("--", StringComparison.Ordinal)).ToDictionary(w => w.Item, w => words[w.Index + 1]);
        string[] names = [.. words.Skip(1).TakeWhile(w => !w.StartsWith("--", StringComparison.Ordinal))];
        var ask = new RehearsalAsk
        {
            What = words[0], For = flags.GetValueOrDefault("--for"), Seed = int.Parse(flags.GetValueOrDefault("--seed", "1"), CultureInfo.InvariantCulture), ErrorRate = flags.GetValueOrDefault("--error-rate"),
            Slow = flags.GetValueOrDefault("--slow"), Rate = flags.GetValueOrDefault("--rate"), Names = words[0] switch { "traffic" => [], "release" => [.. names.Take(1)], _ => names },
            Version = words[0] == "release" ? names.ElementAtOrDefault(1) : null, Factor = words[0] == "traffic" ? names.ElementAtOrDefault(0) : null,
        };
        var (terms, problems) = RehearsalRules.Read(ask, SeenOf(state));
        RehearsalReport? report = null;
        if (terms is not null)
        {
            (report, problems) = Rehearsal.RunAsync(state, terms, new FakeTime(), CancellationToken.None).GetAwaiter().GetResult();
        }

        return report is null ? string.Join('\n', problems) : string.Join('\n', Lines(report));
    }

    static IEnumerable<string> Lines(RehearsalReport report)
    {
        foreach (var line in report.Lines)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{line.At,7:0.00} {line.Kind,-8} {line.Text}");
        }

        foreach (var (noun, hurt) in report.Services.Select(s => ("service", s)).Concat(report.Routes.Select(r => ("route", r))))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"hurt: {noun} {hurt.Name} ({hurt.Criticality}), without {hurt.Without}s, fails {hurt.Fails:0.##%}, waits {hurt.Waits:0.##%}, lesser {hurt.Lesser:0.##%}, worst {hurt.Worst:0.##%} at {hurt.WorstAt}s, {hurt.Failed?.ToString(CultureInfo.InvariantCulture) ?? "?"} lost{(hurt.Through is null ? "" : $", through {hurt.Through}")}");
        }

        foreach (var job in report.Jobs)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"job {job.Name}: {job.Succeeded} succeed, {job.Failed} fail, {job.Open} under way, {job.LeftOut} left out, {job.LostTries} tries lost, {job.FailedTries} failed, {job.LostSeconds}s of work{(job.Why is null ? "" : $", {job.Why}")}");
        }

        foreach (var incident in report.Incidents)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"incident {incident.Opens}s to {incident.Ends?.ToString(CultureInfo.InvariantCulture) ?? "the end"} ({incident.Criticality}): {incident.Title}; cause {incident.Cause} {incident.Confidence:0%}, told {string.Join(' ', incident.Told)}");
            foreach (var action in incident.Actions)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"  {action.State}{(action.At is { } at ? $" at {at}s" : "")}: {action.Text}{(action.Verdict.Length > 0 ? $": {action.Verdict}" : "")}");
            }
        }

        foreach (var line in report.Objectives.Select(o => string.Create(CultureInfo.InvariantCulture, $"spent: {o.Name} {o.Spent:0.##%}")).Concat(report.Open.Select(o => $"open: {o}")).Concat(report.Assumed.Select(a => $"assumed: {a}")))
        {
            yield return line;
        }
    }
}
