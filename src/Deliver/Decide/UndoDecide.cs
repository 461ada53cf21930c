using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>Which version undoes the last change of a service's software or settings. Pure.</summary>
public static class UndoDecide
{
    /// <summary>A change that is older is not what just began to hurt.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);

    /// <summary>The newest version in which the service was other than it is, or why none is gone back to.</summary>
    /// <param name="history">Newest first, the version in force among them.</param>
    /// <param name="service">Whose change.</param>
    /// <param name="by">Who asks: what it changed itself it does not undo, so that nothing goes back and forth.</param>
    /// <param name="now">The time.</param>
    public static (ArchitectureVersion? To, Problem? Why) Next(IReadOnlyList<ArchitectureVersion> history, string service, string by, DateTimeOffset now)
    {
        if (history.Count == 0 || !history[0].Services.TryGetValue(service, out var current))
        {
            return (null, new("service", $"there is no service '{service}'", "see 'mainstay status'"));
        }

        var older = history.Index().Skip(1).FirstOrDefault(v => !v.Item.Services.TryGetValue(service, out var was) || !IsSame(was, current));
        if (older.Item is not { } to || !to.Services.ContainsKey(service))
        {
            return (null, new("service", $"no earlier version has another '{service}'", "see 'mainstay history'"));
        }

        var changed = history[older.Index - 1];
        return changed.By == by ? (null, new("service", $"the last change of {service}, version {changed.Number}, was made by {by} itself", "see 'mainstay history'"))
            : now - changed.At > Fresh ? (null, new("service", $"the last change of {service}, version {changed.Number}, is older than {Durations.Format(Fresh)}", $"'mainstay rollback {service} {to.Number}' undoes it all the same"))
            : (to, null);
    }

    // How many instances there are, and what may be done about trouble, is not what can hurt.
    static bool IsSame(VersionedService was, VersionedService of) =>
        was.Digest == of.Digest && Codec.Same(was.Spec with { Instances = of.Spec.Instances, Interventions = of.Spec.Interventions }, of.Spec);
}
