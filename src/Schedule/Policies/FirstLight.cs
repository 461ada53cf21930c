using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Policies;

/// <summary>
/// One instance of everything first. While an architecture comes up, what starts competes for the same processors: a second instance of a service would delay the first one of
/// its callers, and with it the first request that anybody can make. So the rest waits until whoever needs the service has one instance that serves, for a bounded time.
/// </summary>
public static class FirstLight
{
    /// <summary>The longest time that the rest waits after the first instance was asked for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Until when a service keeps to one instance; null where it starts all that are wanted.</summary>
    /// <param name="status">Its own standing.</param>
    /// <param name="serves">Whether one of its instances serves.</param>
    /// <param name="callersWait">Whether any service that needs it, directly or through others, comes up for the first time and has no instance that serves.</param>
    /// <param name="now">The time.</param>
    public static DateTimeOffset? HoldUntil(ServiceStatus status, bool serves, bool callersWait, DateTimeOffset now)
    {
        if (status.Stable is not null || status.State is not (Lifecycle.Provision or Lifecycle.Ready) || (serves && !callersWait))
        {
            return null;
        }

        // What is about to get its first instance enters Ready with it.
        var until = (status.State == Lifecycle.Ready ? status.Since : now) + Patience;
        return now < until ? until : null;
    }

    /// <summary>Whether a service comes up for the first time and has no instance that serves.</summary>
    public static bool IsAwaited(Service service) =>
        service is { Removed: false, Status: { Ready: 0, Stable: null, State: Lifecycle.Provision or Lifecycle.Ready } } && service.Wanted() > 0;
}
