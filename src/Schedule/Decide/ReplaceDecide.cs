using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Takes one instance out of service so that another takes its place: it gets no more requests from the next table on, what it has begun it ends, and the service's own
/// reconciling starts a new one. Pure.
/// </summary>
public static class ReplaceDecide
{
    /// <summary>The instance as it is to be written, or why it is not.</summary>
    public static (Instance? After, Problem? Why) Next(Snapshot seen, string name, DateTimeOffset now)
    {
        if (seen.Get<Instance>(name) is not { } instance || seen.Get<Service>(instance.Service) is not { Removed: false } service)
        {
            return (null, new("instance", $"there is no instance '{name}'", "see 'mainstay status'"));
        }

        if (instance.Goal != InstanceGoal.Run)
        {
            return (null, new("instance", $"'{name}' is on its way out already", "another takes its place"));
        }

        // One that does not serve is missed by nobody.
        var others = seen.Group<Instance>(instance.Service).Any(i => i.Name != name && i.Goal == InstanceGoal.Run && i.Status.State == InstanceState.Ready);
        return instance.Status.State == InstanceState.Ready && !others
            ? (null, new("instance", $"'{name}' is the only instance of {service.Name} that serves", $"'mainstay restart {service.Name}' starts another before it ends this one"))
            : (instance with { Goal = InstanceGoal.Drain, DrainUntil = now + service.Spec.Drain }, null);
    }
}
