using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>A job's view while it is being decided on: runs and instances as the plan so far leaves them.</summary>
sealed class JobWork
{
    readonly SortedDictionary<int, JobRun> runs = [];
    readonly Dictionary<string, Instance> instances = new(StringComparer.Ordinal);
    readonly HashSet<object> unchanged;
    bool begun;

    public JobWork(JobView view, DateTimeOffset now)
    {
        View = view;
        Now = now;
        Status = view.Job?.Status ?? new();
        unchanged = new(view.Runs.Concat<object>(view.Instances), ReferenceEqualityComparer.Instance);
        foreach (var run in view.Runs)
        {
            runs[run.Number] = run;
        }

        foreach (var instance in view.Instances)
        {
            instances[instance.Name] = instance;
        }
    }

    public JobView View { get; }

    public DateTimeOffset Now { get; }

    public Plan Plan { get; } = new();

    public Job? Job => View.Job;

    /// <summary>The job's status as it will be written.</summary>
    public JobStatus Status { get; set; }

    /// <summary>True when the job is forgotten by this plan.</summary>
    public bool Gone { get; set; }

    public bool MayRun => View.Job is { Removed: false } && View.Architecture is { Running: true };

    /// <summary>By number.</summary>
    public IEnumerable<JobRun> Runs => runs.Values;

    /// <summary>The runs that have not ended, by number.</summary>
    public IEnumerable<JobRun> Active => runs.Values.Where(r => r.Status.State <= RunState.Running);

    public IEnumerable<Instance> Instances => instances.Values;

    public Instance? Find(string name) => instances.GetValueOrDefault(name);

    /// <summary>Whether the instance's host does not answer while another one does; with no host at all nobody is better off.</summary>
    public bool IsLost(Instance instance) => View.Hosts.Count > 0 && View.Hosts.Find(instance.Host) is null;

    public void Say(string reason, string message, Severity severity = Severity.Info) => Plan.Say($"job/{View.Name}", reason, message, severity);

    /// <summary>Makes a run, which waits.</summary>
    public void Begin(Job job, string because, DateTimeOffset? due)
    {
        // An earlier job of the same name may have gone further.
        var number = Math.Max(Status.NextRun, View.Architecture?.Forgotten.GetValueOrDefault(ForgottenKey(View.Name)) ?? 0);
        Status = Status with { NextRun = number + 1 };
        runs[number] = new JobRun
        {
            Name = JobRun.NameOf(View.Name, number), Job = View.Name, Number = number, Spec = job.Spec, BaseFolder = job.BaseFolder, Because = because, At = Now, Due = due,
        };
    }

    public void Cancel(JobRun run, string why)
    {
        if (run.Goal != RunGoal.Cancel)
        {
            Replace(run with { Goal = RunGoal.Cancel, Status = run.Status with { Message = why } });
        }
    }

    public void End(JobRun run, RunState state, string message)
    {
        Replace(run with { Status = run.Status with { State = state, Message = message, EndedAt = Now } });
        Status = Status with
        {
            LastRun = run.Name,
            LastState = state,
            LastAt = Now,
            Succeeded = state == RunState.Succeeded ? Math.Max(Status.Succeeded, run.Number) : Status.Succeeded,
        };
        var took = run.Status.StartedAt is { } started ? $" after {Durations.Format(TimeSpan.FromMilliseconds(Math.Round((Now - started).TotalMilliseconds)))}" : "";
        Say("Job" + state, $"{run.Name} {(state == RunState.Cancelled ? "was cancelled" : state == RunState.Failed ? "failed" : "succeeded")}{took}{(message.Length > 0 ? ": " + message : "")}", state == RunState.Failed ? Severity.Error : Severity.Info);
    }

    public void Replace(JobRun run)
    {
        if (!Codec.Same(runs[run.Number], run))
        {
            runs[run.Number] = run;
        }
    }

    public void Replace(Instance instance) => instances[instance.Name] = instance;

    public void Create(Instance instance)
    {
        begun = true;
        instances[instance.Name] = instance;
    }

    public void Forget(Instance instance)
    {
        instances.Remove(instance.Name);
        Plan.Delete(instance);
    }

    public void Forget(JobRun run)
    {
        runs.Remove(run.Number);
        if (run.Revision > 0)
        {
            Plan.Delete(run);
        }
    }

    /// <summary>Turns what has changed into writes.</summary>
    public Plan Finish()
    {
        foreach (var resource in runs.Values.Concat<Resource>(instances.Values).Where(r => !unchanged.Contains(r)))
        {
            Plan.Put(resource);
        }

        if (begun && View.Architecture is { } architecture)
        {
            // That anything may run rests on it.
            Plan.Expect(architecture);
        }

        if (Job is not { } job)
        {
            return Plan;
        }

        Status = Status with { Active = Active.Count() };
        if (Gone)
        {
            Plan.Delete(job);
            if (View.Architecture is { } all && Status.NextRun > 1)
            {
                Plan.Put(all with { Forgotten = new SortedDictionary<string, int>(all.Forgotten.ToDictionary(), StringComparer.Ordinal) { [ForgottenKey(job.Name)] = Status.NextRun } });
            }
        }
        else if (!Codec.Same(Status, job.Status))
        {
            Plan.Put(job with { Status = Status });
        }

        return Plan;
    }

    /// <summary>Names of services have no slash.</summary>
    public static string ForgottenKey(string job) => "job/" + job;
}
