using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Host.Rehearse;

/// <summary>How long instances take to get ready and builds to be made: as long as one that is running took, drawn among those; a stated guess where none is known.</summary>
public sealed class StartTimes
{
    /// <summary>Of a service of which no start was measured.</summary>
    public static readonly TimeSpan Guess = TimeSpan.FromSeconds(5);

    /// <summary>Of a service of which no build was measured.</summary>
    public static readonly TimeSpan BuildGuess = TimeSpan.FromSeconds(30);

    /// <summary>From being asked to end until a process has ended.</summary>
    public static readonly TimeSpan Ending = TimeSpan.FromMilliseconds(500);

    readonly Dictionary<string, TimeSpan[]> starts;
    readonly Dictionary<string, TimeSpan> builds;
    readonly Random dice;

    public StartTimes(Snapshot seen, int seed)
    {
        dice = new(seed);
        starts = seen.All<Instance>().Where(i => i.Template.Once is null).Select(i => (i.Service, Took: Took(i))).Where(s => s.Took is not null).GroupBy(s => s.Service, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Select(s => s.Took!.Value).Order().ToArray(), StringComparer.Ordinal);
        builds = seen.All<Build>().Where(b => b.Status is { State: BuildState.Succeeded, StartedAt: not null, FinishedAt: not null })
            .GroupBy(b => b.Service, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Max(b => b.Status.FinishedAt!.Value - b.Status.StartedAt!.Value), StringComparer.Ordinal);
    }

    /// <summary>How long an instance that is started now takes.</summary>
    public TimeSpan OfStart(string service) => starts.TryGetValue(service, out var all) ? all[dice.Next(all.Length)] : Guess;

    public TimeSpan OfBuild(string service) => builds.TryGetValue(service, out var took) && took > TimeSpan.Zero ? took : BuildGuess;

    /// <summary>What is assumed of a service's starts, for people.</summary>
    public string Tell(string service) => starts.TryGetValue(service, out var all)
        ? all[0] == all[^1] ? $"{service} starts in {Text(all[0])}, as it did" : $"{service} starts in {Text(all[0])} to {Text(all[^1])}, as {all.Length} instances did"
        : $"{service} starts in {Text(Guess)}: a guess, no start of it was measured";

    // An instance that was adopted by a new agent may look as if it had taken for ever.
    static TimeSpan? Took(Instance instance) =>
        instance.Status is { State: InstanceState.Ready, StartedAt: { } from, ReadyAt: { } to } && to > from && to - from <= instance.Template.Health.Startup ? to - from : null;

    static string Text(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.##}s");
}
