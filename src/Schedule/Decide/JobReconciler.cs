using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>Starts the runs of jobs and leads them to their end. Its keys are names of jobs.</summary>
public sealed class JobReconciler : IReconciler
{
    readonly ScheduleIndex index = new();

    public string Name => "job";

    public IReadOnlyList<Type> Watches { get; } =
        [typeof(Architecture), typeof(Host), typeof(Job), typeof(JobRun), typeof(Instance), typeof(Service), typeof(Build), typeof(MeshLink)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen)
    {
        index.Take(before, after, seen);
        return (after ?? before) switch
        {
            Job job => [job.Name, .. seen.All<Job>().Where(j => j.Spec.After?.Contains(job.Name) == true).Select(j => j.Name)],
            JobRun run => [run.Job],
            Instance { Template.Once: not null } instance => [instance.Service],
            Service service => Users(service.Name, seen),
            Build build => Users(build.Service, seen),
            MeshLink link => Users(link.Caller, seen),
            Architecture or Host => [.. seen.All<Job>().Select(j => j.Name)],
            _ => [],
        };
    }

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now) => See(key, seen) is { } view ? JobDecide.Next(view, now) : null;

    /// <summary>The view of one job; null where nothing is left of it.</summary>
    public JobView? See(string key, Snapshot seen)
    {
        var job = seen.Get<Job>(key);
        var runs = seen.Group<JobRun>(key);
        Instance[] instances = [.. seen.Group<Instance>(key).Where(i => i.Template.Once is not null)];
        if (job is null && runs.Count + instances.Length == 0)
        {
            return null;
        }

        var services = runs.Where(r => r.Status.State <= RunState.Running).Select(r => r.Spec.Service).Append(job?.Spec.Service).OfType<string>().Distinct(StringComparer.Ordinal);
        return new JobView
        {
            Name = key,
            Job = job,
            Architecture = seen.Get<Architecture>(Architecture.TheName),
            Runs = runs,
            Instances = instances,
            Hosts = index.Ready(seen),
            Upstream = (job?.Spec.After ?? []).Distinct(StringComparer.Ordinal).ToDictionary(o => o, o => seen.Get<Job>(o)?.Status.Succeeded ?? 0, StringComparer.Ordinal),
            Software = services.Where(s => seen.Get<Service>(s) is { Removed: false }).ToDictionary(s => s, s => SoftwareOf(seen.Get<Service>(s)!, seen), StringComparer.Ordinal),
        };
    }

    static IEnumerable<string> Users(string service, Snapshot seen) => [.. seen.All<Job>().Where(j => j.Spec.Service == service).Select(j => j.Name)];

    static Software SoftwareOf(Service service, Snapshot seen)
    {
        var links = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var need in service.Spec.Needs.Keys)
        {
            if (seen.Get<MeshLink>(MeshLink.NameOf(service.Name, need)) is not { } link)
            {
                return new(null, null, $"waiting for a mesh port from {service.Name} to {need}");
            }

            links[need] = link.Port;
        }

        var template = Templates.Of(service, links);
        if (template.Build is not { } name)
        {
            return new(template, null);
        }

        return seen.Get<Build>(name) is { Status.State: BuildState.Succeeded } build ? new(template, seen.Get<Host>(build.Host) is { Home: true } ? null : build.Host) : new(null, null, $"waiting for the build of {service.Name}");
    }
}
