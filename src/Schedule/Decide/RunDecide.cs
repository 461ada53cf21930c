using System.Globalization;
using System.Security.Cryptography;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>Leads one run of a job from waiting to its end: begins its tasks, judges those that have ended, tries again, keeps the deadline.</summary>
static class RunDecide
{
    static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);

    /// <summary>Brings a run that has not ended one step further.</summary>
    /// <param name="work">The job it is of.</param>
    /// <param name="run">As it stands now.</param>
    /// <param name="mayBegin">Whether no earlier run keeps it waiting.</param>
    public static void Advance(JobWork work, JobRun run, bool mayBegin)
    {
        var status = run.Status;
        if (status.State == RunState.Waiting && run.Goal == RunGoal.Cancel)
        {
            work.End(run, RunState.Cancelled, status.Message);
            return;
        }

        if (status.State == RunState.Waiting)
        {
            if (Obstacle(work, run, mayBegin) is { } why)
            {
                work.Replace(run with { Status = status with { Message = why } });
                return;
            }

            status = new()
            {
                State = RunState.Running,
                StartedAt = work.Now,
                Tasks = [.. Enumerable.Range(0, run.Spec.Parallel).Select(i => new JobTask { Index = i })],
            };
            work.Say("JobStarted", $"{run.Name} begins ({run.Because})");
        }

        var deadline = status.StartedAt!.Value + run.Spec.Deadline;
        var late = work.Now >= deadline;
        var ending = late || run.Goal == RunGoal.Cancel;
        var tasks = status.Tasks.ToArray();
        for (var i = 0; i < tasks.Length; i++)
        {
            tasks[i] = tasks[i].State == TaskState.Running ? Judge(work, run, tasks[i], ending) : tasks[i];
        }

        for (var i = 0; i < tasks.Length; i++)
        {
            tasks[i] = tasks[i].State != TaskState.Waiting ? tasks[i]
                : ending ? tasks[i] with { State = TaskState.Cancelled, RetryAt = null }
                : Begin(work, run, tasks[i], tasks.Count(t => t.State == TaskState.Running), deadline);
        }

        status = status with { Tasks = tasks, Message = late && run.Goal == RunGoal.Run ? $"it took longer than {Durations.Format(run.Spec.Deadline)}" : status.Message };
        run = run with { Status = status };
        if (tasks.Any(t => t.State is TaskState.Waiting or TaskState.Running))
        {
            work.Plan.Wait(late ? null : deadline);
            work.Replace(run);
            return;
        }

        var failed = tasks.Where(t => t.State == TaskState.Failed).ToArray();
        var state = run.Goal == RunGoal.Cancel ? RunState.Cancelled : late || failed.Length > 0 ? RunState.Failed : RunState.Succeeded;
        work.End(run, state, late || state != RunState.Failed ? status.Message : Failure(run, failed));
    }

    static string? Obstacle(JobWork work, JobRun run, bool mayBegin) =>
        !mayBegin ? "waiting for an earlier run to end"
        : run.Spec.Service is { } service && work.View.Software.GetValueOrDefault(service) is not { Template: not null } ? (work.View.Software.GetValueOrDefault(service)?.Missing ?? $"there is no service '{service}'")
        : work.View.Hosts.Count == 0 ? "waiting for an agent; 'mainstay doctor' says why none reports"
        : null;

    static JobTask Judge(JobWork work, JobRun run, JobTask task, bool ending)
    {
        var instance = work.Find(task.Instance!);
        if (instance is { Status.State: not InstanceState.Stopped } && !work.IsLost(instance))
        {
            if (ending && instance.Goal != InstanceGoal.Stop)
            {
                work.Replace(instance with { Goal = InstanceGoal.Stop });
            }

            return task;
        }

        var status = instance?.Status;
        var stopped = status is { State: InstanceState.Stopped };
        if (stopped && status!.Reason == Reasons.Completed)
        {
            return task with { State = TaskState.Succeeded, ExitCode = 0, Message = "" };
        }

        var why = stopped ? status!.Message : instance is null ? "its instance is gone" : $"host {instance.Host} does not answer";
        task = task with { ExitCode = stopped ? status!.ExitCode : null, Message = why };
        if (ending)
        {
            return task with { State = TaskState.Cancelled };
        }

        if (task.Attempt > run.Spec.Retries)
        {
            return task with { State = TaskState.Failed };
        }

        return task with { State = TaskState.Waiting, RetryAt = work.Now + Backoff.After(task.Attempt, run.Spec.Backoff, LongestBackoff) };
    }

    static JobTask Begin(JobWork work, JobRun run, JobTask task, int running, DateTimeOffset deadline)
    {
        if (running >= run.Spec.AtOnce)
        {
            return task;
        }

        if (task.RetryAt is { } at && work.Now < at)
        {
            work.Plan.Wait(at);
            return task;
        }

        var software = run.Spec.Service is { } service ? work.View.Software.GetValueOrDefault(service) : null;
        if ((run.Spec.Service is not null && software?.Template is null) || Place(work, software) is not { } host)
        {
            return task;
        }

        task = task with { State = TaskState.Running, Attempt = task.Attempt + 1, RetryAt = null, Instance = JobRun.InstanceOf(run.Name, task.Index, task.Attempt + 1) };
        work.Create(new Instance { Name = task.Instance, Service = run.Job, Host = host, Template = Template(run, task, software?.Template, deadline) });
        return task;
    }

    // A build's output is where it was built, unless every host gets it.
    static string? Place(JobWork work, Software? software) =>
        software?.Host is { } host
            ? work.View.Hosts.Any(h => h.Name == host) ? host : null
            : Placement.Pick(work.View.Hosts, new() { Own = work.Instances.Where(i => i.Status.State != InstanceState.Stopped).CountBy(i => i.Host, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal) });

    static InstanceTemplate Template(JobRun run, JobTask task, InstanceTemplate? software, DateTimeOffset deadline)
    {
        var env = new SortedDictionary<string, string>(software?.Env.ToDictionary() ?? [], StringComparer.Ordinal);
        foreach (var (key, value) in run.Spec.Parameters.Concat(run.Parameters).Concat(run.Spec.Env.Where(e => !run.Spec.Parameters.ContainsKey(e.Key))))
        {
            env[key] = value;
        }

        env["MAINSTAY_JOB"] = run.Job;
        env["MAINSTAY_RUN"] = run.Name;
        env["MAINSTAY_INDEX"] = Text(task.Index);
        env["MAINSTAY_COUNT"] = Text(run.Spec.Parallel);
        env["MAINSTAY_ATTEMPT"] = Text(task.Attempt);
        var template = new InstanceTemplate
        {
            Version = software?.Version ?? "",
            Run = run.Spec.Run,
            Folder = run.Spec.Folder is null && software is not null ? software.Folder : Path.GetFullPath(Path.Combine(run.BaseFolder, run.Spec.Folder ?? ".")),
            Build = software?.Build,
            Env = env,
            Health = new(),
            Restart = new(),
            Grace = run.Spec.Grace,
            Once = new() { Until = deadline },
        };
        return template with { Hash = Convert.ToHexStringLower(SHA256.HashData(Codec.Encode(template)))[..12] };
    }

    static string Failure(JobRun run, JobTask[] failed)
    {
        var first = failed[0];
        var which = run.Spec.Parallel == 1 ? "" : failed.Length == 1 ? $"task {first.Index}: " : $"{failed.Length} of {run.Spec.Parallel} tasks, the first of them {first.Index}: ";
        return $"{which}{first.Message}{(run.Spec.Retries > 0 ? $" at try {first.Attempt}" : "")}; see 'mainstay job logs {run.Name}'";
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
