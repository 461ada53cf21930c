using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Deliver.Manifest;
using Mainstay.Schedule.Decide;
using Mainstay.Tests.Deliver;
using Mainstay.Tests.Scenarios;
using Shouldly;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// The commands of job scenarios, over the real reconciler on a snapshot: <c>apply</c> (a manifest's jobs), <c>ask JOB</c>, <c>cancel RUN</c>, <c>exits INSTANCE CODE</c>,
/// <c>gone INSTANCE</c>, <c>built SERVICE</c>, <c>host NAME ready|lost</c>, <c>stop</c>, <c>start</c>, <c>pass SPAN</c> (with every wake-up asked for), <c>away SPAN</c> (nobody decides meanwhile),
/// <c>env INSTANCE</c>. An instance that is asked to stop has stopped at the next command. Time starts on Thursday, 1 January 2026, at midnight UTC.
/// </summary>
sealed class JobWords
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Dictionary<string, Resource> world = new(StringComparer.Ordinal);
    readonly StringBuilder trace = new();
    DateTimeOffset now = Start;
    DateTimeOffset? until;
    long revision;

    public JobWords()
    {
        Put(new Architecture { Name = Architecture.TheName, Title = "shop", Running = true });
        Put(new HostRecord { Name = "h1", State = HostState.Ready });
    }

    public string Run(ScenarioStep step)
    {
        trace.Clear();
        foreach (var stopping in All<Instance>().Where(i => i.Goal == InstanceGoal.Stop && i.Status.State != InstanceState.Stopped && Get<HostRecord>(i.Host)!.State == HostState.Ready).ToArray())
        {
            Put(stopping with { Status = new() { State = InstanceState.Stopped, Reason = Reasons.Stopped } });
        }

        switch (step.Words)
        {
            case ["apply"]:
                Apply(step.Input);
                break;
            case ["ask", var job, .. var given]:
                var known = Get<Job>(job)!;
                var number = Math.Max(known.Status.NextRun, Get<Architecture>(Architecture.TheName)!.Forgotten.GetValueOrDefault("job/" + job));
                Put(known with { Status = known.Status with { NextRun = number + 1 } });
                Put(new JobRun
                {
                    Name = JobRun.NameOf(job, number), Job = job, Number = number, Spec = known.Spec, BaseFolder = known.BaseFolder, Because = "asked", At = now,
                    Parameters = given.Select(g => g.Split('=')).ToDictionary(g => g[0], g => g[1]),
                });
                break;
            case ["cancel", var run]:
                Put(Get<JobRun>(run)! with { Goal = RunGoal.Cancel });
                break;
            case ["exits", var instance, var code]:
                var ended = int.Parse(code, CultureInfo.InvariantCulture);
                Put(Get<Instance>(instance)! with { Status = new() { State = InstanceState.Stopped, Reason = ended == 0 ? Reasons.Completed : Reasons.Exited, ExitCode = ended, Message = $"exit code {ended}" } });
                break;
            case ["gone", var instance]:
                world.Remove(CoreKinds.All.Of<Instance>().KeyOf(instance));
                break;
            case ["built", var service]:
                var template = Templates.Of(Get<Service>(service)!, new Dictionary<string, int>());
                Put(new Build { Name = template.Build!, Service = service, Host = "h1", Command = "make", Folder = "/shop", Digest = Get<Service>(service)!.Digest!, Status = new() { State = BuildState.Succeeded, Attempt = 1 } });
                break;
            case ["host", var host, var state]:
                Put((Get<HostRecord>(host) ?? new HostRecord { Name = host }) with { State = Enum.Parse<HostState>(state, ignoreCase: true) });
                break;
            case ["stop"] or ["start"]:
                Put(Get<Architecture>(Architecture.TheName)! with { Running = step.Command == "start" });
                break;
            case ["away", var span]:
                now += Span(span);
                return "";
            case ["pass", var span]:
                Pass(Span(span));
                return trace.ToString();
            case ["env", var instance]:
                return string.Join('\n', Get<Instance>(instance)!.Template.Env.Select(e => $"{e.Key}={e.Value}").Append($"in {Get<Instance>(instance)!.Template.Folder}"));
            default:
                throw new ArgumentException($"no command '{step.Command}'");
        }

        Settle();
        return trace.ToString();
    }

    void Apply(string yaml)
    {
        var read = ManifestReader.Read([new("m.yaml", "architecture: shop\n" + (yaml.Contains("services:", StringComparison.Ordinal) ? "" : "services: { web: { run: web } }\n") + yaml)], ManifestScenarios.Around);
        read.Problems.ShouldBeEmpty();
        foreach (var (name, spec) in read.Value!.Services)
        {
            Put((Get<Service>(name) ?? new Service { Name = name, Spec = spec, BaseFolder = "/shop" }) with { Spec = spec, Digest = spec.Build is null ? null : new string('a', 64) });
        }

        var jobs = read.Value.Jobs ?? new Dictionary<string, JobSpec>();
        foreach (var (name, spec) in jobs)
        {
            Put((Get<Job>(name) ?? new Job { Name = name, Spec = spec, BaseFolder = "/shop" }) with { Spec = spec, Removed = false });
        }

        foreach (var job in All<Job>().Where(j => !jobs.ContainsKey(j.Name)).ToArray())
        {
            Put(job with { Removed = true });
        }
    }

    void Pass(TimeSpan span)
    {
        var end = now + span;
        for (var wakes = 0; until is { } due && due <= end; wakes++)
        {
            wakes.ShouldBeLessThan(1000, "it wakes all the time");
            now = due > now ? due : now;
            Settle();
        }

        now = end;
        Settle();
    }

    // As the loop does: every job until a pass changes nothing.
    void Settle()
    {
        for (var changed = true; changed;)
        {
            (changed, until) = (false, null);
            foreach (var job in All<Job>().Select(j => j.Name).Concat(All<JobRun>().Select(r => r.Job)).Distinct().Order(StringComparer.Ordinal).ToArray())
            {
                var plan = new JobReconciler().Next(job, Seen(), now);
                if (plan is null)
                {
                    continue;
                }

                foreach (var note in plan.Notes)
                {
                    Line($"{note.About} {note.Reason}: {note.Message}");
                }

                foreach (var resource in plan.Puts)
                {
                    Tell(resource);
                    Put(resource);
                }

                foreach (var gone in plan.Deletes)
                {
                    Line($"forget {CoreKinds.All.Of(gone.GetType()).Name} {gone.Name}");
                    world.Remove(KeyOf(gone)).ShouldBeTrue();
                }

                changed |= plan.Puts.Count + plan.Deletes.Count > 0;
                until = until is null || plan.Until < until ? plan.Until ?? until : until;
                if (!changed && plan.Until is { } wake)
                {
                    wake.ShouldBeGreaterThan(now, $"{job} asks to be woken in the past");
                }
            }
        }
    }

    void Tell(Resource resource)
    {
        switch (resource)
        {
            case JobRun run when Get<JobRun>(run.Name) is not { } before || before.Status.State != run.Status.State || before.Goal != run.Goal || before.Status.Message != run.Status.Message:
                Line($"run {run.Name} {run.Status.State}{(run.Goal == RunGoal.Cancel && run.Status.State <= RunState.Running ? " to be cancelled" : "")}{(run.Status.Message.Length > 0 ? $" \"{run.Status.Message}\"" : "")}");
                break;
            case Instance instance:
                Line(instance.Goal == InstanceGoal.Stop ? $"stop {instance.Name}" : $"start {instance.Name} on {instance.Host}");
                break;
            case Job job when Get<Job>(job.Name)!.Status.NextAt != job.Status.NextAt:
                Line($"job {job.Name} next {(job.Status.NextAt is { } next ? next.UtcDateTime.ToString("ddd MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "never")}");
                break;
        }

        foreach (var retry in resource is JobRun r ? r.Status.Tasks.Where(t => t.RetryAt is not null && Get<JobRun>(r.Name)?.Status.Tasks[t.Index].RetryAt != t.RetryAt) : [])
        {
            Line($"task {retry.Index} of {resource.Name} again at +{Durations.Format(retry.RetryAt!.Value - Start)}: {retry.Message}");
        }
    }

    void Line(string text) => trace.Append(CultureInfo.InvariantCulture, $"+{Durations.Format(now - Start)} {text}\n");

    Snapshot Seen()
    {
        var seen = new Snapshot(CoreKinds.All);
        foreach (var (key, resource) in world)
        {
            seen.Take(new(key, new Entry(key, Codec.Encode(resource), resource.Revision, resource.Revision, 1), null), resource.Revision);
        }

        return seen;
    }

    void Put(Resource resource) => world[KeyOf(resource)] = resource with { Revision = ++revision };

    T? Get<T>(string name) where T : Resource => (T?)world.GetValueOrDefault(CoreKinds.All.Of<T>().KeyOf(name));

    IEnumerable<T> All<T>() where T : Resource => world.Values.OfType<T>();

    static string KeyOf(Resource resource) => CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);

    static TimeSpan Span(string text) => Durations.TryParse(text, out var span) ? span : throw new FormatException(text);
}
