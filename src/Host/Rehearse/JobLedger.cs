using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>Follows the runs of jobs: as lines for people, and as what becomes of each job.</summary>
/// <param name="seen">Everything, as it is when a change is told.</param>
/// <param name="began">When the rehearsal began.</param>
sealed class JobLedger(Snapshot seen, DateTimeOffset began)
{
    readonly SortedDictionary<string, Sum> jobs = new(StringComparer.Ordinal);
    readonly Dictionary<string, double> tries = new(StringComparer.Ordinal);

    /// <summary>Jobs of which tasks took place.</summary>
    public IEnumerable<string> Ran => jobs.Where(j => j.Value.Tries > 0).Select(j => j.Key);

    /// <summary>Takes in what is under way at the beginning.</summary>
    public void Begin()
    {
        foreach (var task in seen.All<JobRun>().SelectMany(r => r.Status.Tasks).Where(t => t.State == TaskState.Running))
        {
            tries[task.Instance!] = ((seen.Get<Instance>(task.Instance!)?.Status.StartedAt ?? began) - began).TotalSeconds;
        }
    }

    /// <summary>Takes in a change of a run; gives its lines: text, severity, and the sort by which many within a second become one.</summary>
    /// <param name="at">Seconds from the beginning.</param>
    /// <param name="before">Null where it is new.</param>
    /// <param name="after">As it is now.</param>
    public IEnumerable<(string Text, Severity Severity, string Sort)> Take(double at, JobRun? before, JobRun after)
    {
        var sum = SumOf(after.Job);
        var was = (before?.Status.Tasks ?? []).ToDictionary(t => t.Index);
        foreach (var task in after.Status.Tasks)
        {
            var old = was.GetValueOrDefault(task.Index);
            if (old is not { State: TaskState.Running } && task.State == TaskState.Running)
            {
                sum.Tries++;
                tries[task.Instance!] = at;
                var attempt = task.Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $", try {task.Attempt}") : "";
                yield return ($"{Title(after, task)} begins{attempt}", Severity.Info, $"{after.Name} begins");
            }
            else if (old is { State: TaskState.Running } && task.State != TaskState.Running && Ended(at, after, old, task, sum) is { } told)
            {
                yield return told;
            }
        }

        if (before?.Status.State != after.Status.State)
        {
            sum.Succeeded += after.Status.State == RunState.Succeeded ? 1 : 0;
            sum.Failed += after.Status.State == RunState.Failed ? 1 : 0;
        }

        if (after.Status.State == RunState.Waiting && after.Status.Message.Length > 0 && after.Status.Message != before?.Status.Message)
        {
            yield return ($"{after.Name} waits: {after.Status.Message}", Severity.Info, $"{after.Name} waits");
        }
    }

    /// <summary>Takes in that a due run does not take place.</summary>
    public void LeftOut(string job) => SumOf(job).LeftOut++;

    /// <summary>What became of each job that had something to do, those that are hurt first.</summary>
    public IReadOnlyList<RehearsedJob> Jobs()
    {
        foreach (var run in seen.All<JobRun>().Where(r => r.Status.State <= RunState.Running))
        {
            SumOf(run.Job).Open++;
        }

        return [.. jobs.Select(j => j.Value.Of(j.Key)).OrderByDescending(j => j.IsHurt).ThenBy(j => j.Name, StringComparer.Ordinal)];
    }

    (string Text, Severity Severity, string Sort)? Ended(double at, JobRun run, JobTask old, JobTask task, Sum sum)
    {
        if (task.State is TaskState.Succeeded or TaskState.Cancelled)
        {
            return run.Spec.Parallel == 1 ? null : ($"{Title(run, task)} {(task.State == TaskState.Succeeded ? "is done" : "was ended")}", Severity.Info, $"{run.Name} {task.State}");
        }

        var instance = seen.Get<Instance>(old.Instance ?? "");
        var isLost = instance is not null && seen.Get<HostRecord>(instance.Host) is not { State: HostState.Ready };
        sum.LostTries += isLost ? 1 : 0;
        sum.FailedTries += isLost ? 0 : 1;
        sum.LostSeconds += at - tries.GetValueOrDefault(old.Instance ?? "", at);
        sum.Why = task.Message;
        var next = task.RetryAt is { } retry ? string.Create(CultureInfo.InvariantCulture, $"; it is tried again in {Math.Max(0, (retry - began).TotalSeconds - at):0.#}s") : "; it is not tried again";
        return ($"{Title(run, task)} failed: {task.Message}{next}", task.State == TaskState.Failed ? Severity.Error : Severity.Warning, $"{run.Name} failed");
    }

    Sum SumOf(string job) => jobs.TryGetValue(job, out var sum) ? sum : jobs[job] = new();

    string Title(JobRun run, JobTask task)
    {
        var host = task.State == TaskState.Running && seen.Get<Instance>(task.Instance!) is { } instance ? $" on {instance.Host}" : "";
        return run.Spec.Parallel == 1 ? $"{run.Name}{host}" : string.Create(CultureInfo.InvariantCulture, $"task {task.Index} of {run.Name}{host}");
    }

    sealed class Sum
    {
        public int Tries { get; set; }

        public int Succeeded { get; set; }

        public int Failed { get; set; }

        public int LeftOut { get; set; }

        public int Open { get; set; }

        public int LostTries { get; set; }

        public int FailedTries { get; set; }

        public double LostSeconds { get; set; }

        public string? Why { get; set; }

        public RehearsedJob Of(string name) => new(name, Succeeded, Failed, Open, LeftOut, LostTries, FailedTries, Math.Round(LostSeconds, 1), Why);
    }
}
