using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Policies;

/// <summary>
/// One instance of everything first. While an architecture comes up, what starts competes for the same processors: a second instance of a service would delay the first one of
/// its callers, and with it the first request that anybody can make. So the rest waits until whoever needs the service has one instance that serves, for a bounded time.
/// </summary>
public static class FirstLight
{
    /// <summary>The longest time that the rest waits after the first instance was started.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long the rest waits for the first answers, after whoever needs the service serves: nothing of the way is warm yet, and they take a third longer beside other starts.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromSeconds(0.5);

    /// <summary>Until when a service keeps to one instance; null where it starts all that are wanted. Without a time it waits for the first one to be started.</summary>
    /// <param name="status">Its own standing.</param>
    /// <param name="running">Its instances that are to run.</param>
    /// <param name="alone">Whether nothing needs it and it needs nothing: its first answer then waits for nobody else's.</param>
    /// <param name="callersWait">Whether any service that needs it, directly or through others, comes up and has no instance that serves.</param>
    /// <param name="callersLit">When the last of those services had its first instance that serves; null where there is none.</param>
    /// <param name="now">The time.</param>
    public static (bool Holds, DateTimeOffset? Until) Hold(ServiceStatus status, IReadOnlyCollection<Instance> running, bool alone, bool callersWait, DateTimeOffset? callersLit, DateTimeOffset now)
    {
        if (!ComesUp(status) || running.Any(i => i.Status.Failures > 0))
        {
            return (false, null);
        }

        if (!callersWait && LitAt(running) is { } own)
        {
            return alone ? (false, null) : Bounded(callersLit > own ? callersLit.Value : own, Settle, now);
        }

        return running.Min(i => i.Status.StartedAt) is { } started ? Bounded(started, Patience, now) : (true, null);
    }

    /// <summary>Whether a service comes up and has no instance that serves.</summary>
    public static bool IsAwaited(Service service) => service is { Removed: false, Status.Ready: 0 } && ComesUp(service.Status) && service.Wanted() > 0;

    /// <summary>When the first of these instances began to serve; null while none does.</summary>
    public static DateTimeOffset? LitAt(IEnumerable<Instance> instances) => instances.Where(i => i.Status.State == InstanceState.Ready).Min(i => i.Status.ReadyAt);

    /// <summary>Whether nothing of it ran before.</summary>
    public static bool ComesUp(ServiceStatus status) => status.State is Lifecycle.Provision or Lifecycle.Ready;

    // An agent whose clock is far ahead says nothing about how long it has been.
    static (bool Holds, DateTimeOffset? Until) Bounded(DateTimeOffset since, TimeSpan patience, DateTimeOffset now)
    {
        var until = since + patience;
        return now < until && until <= now + (2 * patience) ? (true, until) : (false, null);
    }
}
