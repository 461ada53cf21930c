using System.Globalization;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// How long the tasks of jobs take and how they end: as those of the job's runs that succeeded, drawn among them; a stated guess where none has. A job whose newest run failed by its own exit code goes on failing so.
/// </summary>
public sealed class TaskTimes
{
    /// <summary>Of a job of which no run has succeeded.</summary>
    public static readonly TimeSpan Guess = TimeSpan.FromSeconds(10);

    // What has run for longer than it should have is taken to be nearly done.
    static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, TimeSpan[]> took;
    readonly Dictionary<string, (TimeSpan Took, int ExitCode)> failing;
    readonly Random dice;

    public TaskTimes(Snapshot seen, int seed)
    {
        dice = new(seed);
        var ended = seen.All<JobRun>().Where(r => r.Status is { StartedAt: not null, EndedAt: not null }).OrderBy(r => r.Number).ToLookup(r => r.Job, StringComparer.Ordinal);
        took = ended.Select(g => (Job: g.Key, All: g.Where(r => r.Status.State == RunState.Succeeded).Select(Each).Where(t => t > TimeSpan.Zero).Order().ToArray())).Where(g => g.All.Length > 0)
            .ToDictionary(g => g.Job, g => g.All, StringComparer.Ordinal);
        failing = ended.Select(g => (Job: g.Key, Newest: g.LastOrDefault(r => r.Status.State is RunState.Succeeded or RunState.Failed))).Where(g => g.Newest is { Status.State: RunState.Failed } run && ExitOf(run) is not null)
            .ToDictionary(g => g.Job, g => (Each(g.Newest!), ExitOf(g.Newest!)!.Value), StringComparer.Ordinal);
    }

    /// <summary>How long a task that is begun now takes, and its exit code.</summary>
    public (TimeSpan Took, int ExitCode) Of(string job) => failing.TryGetValue(job, out var fails) ? fails : (took.TryGetValue(job, out var all) ? all[dice.Next(all.Length)] : Guess, 0);

    /// <summary>What is left of a task that is under way.</summary>
    public static TimeSpan Left(TimeSpan left) => left > Least ? left : Least;

    /// <summary>What is assumed of a job's tasks, for people.</summary>
    public string Tell(string job) => failing.TryGetValue(job, out var fails) ? $"tasks of {job} fail with exit code {fails.ExitCode} after {Text(fails.Took)}, as its newest run did"
        : !took.TryGetValue(job, out var all) ? $"tasks of {job} take {Text(Guess)}: a guess, no run of it has succeeded yet"
        : all[0] == all[^1] ? $"tasks of {job} take {Text(all[0])}, as they did"
        : $"tasks of {job} take {Text(all[0])} to {Text(all[^1])}, as in {all.Length} runs";

    // Tasks that cannot run at the same time run one after the other, and so do tries.
    static TimeSpan Each(JobRun run)
    {
        var rounds = Math.Max(1, (run.Spec.Parallel + run.Spec.AtOnce - 1) / run.Spec.AtOnce) * Math.Max(1, run.Status.Tasks.Select(t => t.Attempt).DefaultIfEmpty(1).Max());
        return (run.Status.EndedAt!.Value - run.Status.StartedAt!.Value) / rounds;
    }

    static int? ExitOf(JobRun run) => run.Status.Tasks.FirstOrDefault(t => t is { State: TaskState.Failed, ExitCode: not (null or 0) })?.ExitCode;

    static string Text(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.##}s");
}
