using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// The life of a job: which runs are due, which of them may begin, what is left of those that have ended. Each run is led by <see cref="RunDecide"/>.
/// <code>
/// due · asked for · after others ──► Waiting ──► Running ──► Succeeded | Failed | Cancelled ──► forgotten beyond keep
/// </code>
/// </summary>
public static class JobDecide
{
    /// <summary>At most so many missed runs are made up for.</summary>
    public const int MostMissed = 100;

    /// <summary>While so many runs have not ended, none that is due is added.</summary>
    public const int MostActive = 200;

    // What is started no later than this after it was due was not missed.
    static readonly TimeSpan OnTime = TimeSpan.FromSeconds(10);

    public static Plan Next(JobView view, DateTimeOffset now)
    {
        var work = new JobWork(view, now);
        if (work.Job is { } job && work.MayRun)
        {
            BySchedule(work, job);
            AfterOthers(work, job);
        }
        else
        {
            work.Status = work.Status with { NextAt = null, Considered = null };
            CancelAll(work, work.Job is { Removed: false } ? "everything is to stop" : "the job is no longer declared");
        }

        foreach (var run in work.Active.ToArray())
        {
            RunDecide.Advance(work, run, mayBegin: MayBegin(work, run));
        }

        Sweep(work);
        return work.Finish();
    }

    static void BySchedule(JobWork work, Job job)
    {
        if (job.Spec.Schedule is not { } text || !Cron.TryParse(text, out var cron, out _))
        {
            work.Status = work.Status with { NextAt = null, Considered = null, Schedule = "" };
            return;
        }

        var zone = job.Spec.Zone is { } name && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found) ? found : TimeZoneInfo.Utc;
        var written = $"{text} {job.Spec.Zone}".TrimEnd();
        var since = work.Status.Schedule == written ? work.Status.Considered ?? work.Now : work.Now;
        var due = new List<DateTimeOffset>();
        DateTimeOffset? next;
        while ((next = cron.Next(due.Count == 0 ? since : due[^1], zone)) <= work.Now)
        {
            due.Add(next.Value);
            if (due.Count > MostMissed)
            {
                due.RemoveAt(0);
            }
        }

        foreach (var at in Chosen(work, job, due))
        {
            Due(work, job, at);
        }

        // What was considered is only written when something was due: an idle job costs no writes.
        work.Status = work.Status with { Schedule = written, NextAt = next, Considered = due.Count > 0 ? due[^1] : since };
        work.Plan.Wait(next);
    }

    static List<DateTimeOffset> Chosen(JobWork work, Job job, List<DateTimeOffset> due)
    {
        if (due.Count == 0 || job.Spec.Missed == MissedRuns.All)
        {
            return due;
        }

        var missed = due.Count(d => d < work.Now - OnTime);
        var last = due[^1];
        if (job.Spec.Missed == MissedRuns.Skip && last < work.Now - OnTime)
        {
            work.Say("JobMissed", $"{missed} due runs were missed and are not made up for", Severity.Warning);
            return [];
        }

        if (missed > (last < work.Now - OnTime ? 1 : 0))
        {
            work.Say("JobMissed", $"{missed} due runs were missed; {(job.Spec.Missed == MissedRuns.Skip ? "they are not made up for" : "one makes up for them")}", Severity.Warning);
        }

        return [last];
    }

    static void Due(JobWork work, Job job, DateTimeOffset at)
    {
        var active = work.Active.ToArray();
        if (active.Length > 0 && job.Spec.Overlap == OverlappingRuns.Skip && (job.Spec.Missed != MissedRuns.All || at >= work.Now - OnTime))
        {
            work.Say("JobSkipped", $"the run due at {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} does not take place: {active[0].Name} is under way", Severity.Warning);
            return;
        }

        if (active.Length >= MostActive)
        {
            work.Say("JobSkipped", $"the run due at {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} does not take place: {active.Length} others have not ended", Severity.Warning);
            return;
        }

        if (job.Spec.Overlap == OverlappingRuns.Replace)
        {
            foreach (var run in active)
            {
                work.Cancel(run, "the next run replaces it");
            }
        }

        work.Begin(job, "schedule", at);
    }

    static void AfterOthers(JobWork work, Job job)
    {
        if (job.Spec.After is not { Count: > 0 } others)
        {
            work.Status = work.Status with { Answered = new Dictionary<string, int>() };
            return;
        }

        var answered = work.Status.Answered;

        // What had succeeded before this job came to be is not news to it.
        if (others.Any(o => !answered.ContainsKey(o)))
        {
            work.Status = work.Status with { Answered = others.ToDictionary(o => o, o => answered.GetValueOrDefault(o, work.View.Upstream.GetValueOrDefault(o)), StringComparer.Ordinal) };
        }
        else if (others.All(o => work.View.Upstream.GetValueOrDefault(o) > answered[o]))
        {
            work.Status = work.Status with { Answered = others.ToDictionary(o => o, o => work.View.Upstream[o], StringComparer.Ordinal) };
            work.Begin(job, "after " + string.Join(", ", others.Select(o => JobRun.NameOf(o, work.View.Upstream[o]))), null);
        }
    }

    static void CancelAll(JobWork work, string why)
    {
        foreach (var run in work.Active.ToArray())
        {
            work.Cancel(run, why);
        }
    }

    // Runs begin in the order of their numbers; one that is being cancelled still counts, since its tasks still run.
    static bool MayBegin(JobWork work, JobRun run) =>
        run.Spec.Overlap == OverlappingRuns.Allow || !work.Active.Any(r => r.Number < run.Number);

    // 1. Instances that no task runs in. 2. Runs beyond what is kept. 3. The job itself, once nothing of it is left.
    static void Sweep(JobWork work)
    {
        var wanted = work.Active.SelectMany(r => r.Status.Tasks).Where(t => t.State == TaskState.Running).Select(t => t.Instance).ToHashSet();
        foreach (var instance in work.Instances.Where(i => !wanted.Contains(i.Name)).ToArray())
        {
            if (instance.Status.State == InstanceState.Stopped)
            {
                work.Forget(instance);
            }
            else if (instance.Goal != InstanceGoal.Stop)
            {
                work.Replace(instance with { Goal = InstanceGoal.Stop });
            }
        }

        var gone = work.Job is not { Removed: false };
        var ended = work.Runs.Where(r => r.Status.State > RunState.Running).OrderByDescending(r => r.Number);
        foreach (var run in ended.Skip(gone ? 0 : work.Job!.Spec.Keep).ToArray())
        {
            work.Forget(run);
        }

        work.Gone = gone && !work.Runs.Any() && !work.Instances.Any();
    }
}
