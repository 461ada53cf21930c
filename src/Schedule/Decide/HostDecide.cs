using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>What people may want of a host. Pure.</summary>
public static class HostDecide
{
    /// <summary>The host as it is to be written, or why it is not.</summary>
    public static (Host? After, Problem? Why) Use(Snapshot seen, string name, HostUse use) => seen.Get<Host>(name) switch
    {
        null => (null, Unknown(name)),
        { } host when host.Use == use => (null, new("host", $"{name} is {use.ToString().ToLowerInvariant()} already", "'mainstay host list' shows how hosts are used")),
        { } host => (host with { Use = use }, null),
    };

    /// <summary>The host that is to be forgotten, or why it is not.</summary>
    public static (Host? Gone, Problem? Why) Forget(Snapshot seen, string name) => seen.Get<Host>(name) switch
    {
        null => (null, Unknown(name)),
        { State: HostState.Ready } => (null, new("host", $"the agent of {name} answers", "stop it first; it would join again")),
        { } host when Left(seen, name) is { Length: > 0 } left => (null, new("host", $"{string.Join(", ", left)} {(left.Length == 1 ? "is" : "are")} still there", "wait until they are replaced; a pet goes only with its service")),
        { } host => (host, null),
    };

    /// <summary>Pets that stay on a host that is being drained, since their data is there.</summary>
    public static IReadOnlyList<string> Staying(Snapshot seen, string name) =>
        [.. seen.All<Instance>().Where(i => i.Host == name && i.Template.Moves != true && seen.Get<Service>(i.Service) is { Spec.Recover: Recover.Pet }).Select(i => i.Name).Order(StringComparer.Ordinal)];

    static string[] Left(Snapshot seen, string name) => [.. seen.All<Instance>().Where(i => i.Host == name).Select(i => i.Name).Order(StringComparer.Ordinal)];

    static Problem Unknown(string name) => new("host", $"there is no host '{name}'", "'mainstay host list' lists them");
}
