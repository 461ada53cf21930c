namespace Mainstay.Observe.Collect.Processes;

/// <summary>An instance whose processes are to be sampled.</summary>
/// <param name="Name">The instance's.</param>
/// <param name="Service">What it is of.</param>
/// <param name="Version">Of its software; empty where none is declared.</param>
/// <param name="Pid">Leader of its session.</param>
/// <param name="StartedAt">When it was started; null where unknown.</param>
/// <param name="Restarts">How often it was started again.</param>
public sealed record WatchedInstance(string Name, string Service, string Version, int Pid, DateTimeOffset? StartedAt, int Restarts)
{
    /// <summary>The labels of its series.</summary>
    public (string Name, string Value)[] Labels(string host) =>
    [
        ("host.name", host), ("service.name", Service), ("service.instance.id", Name), .. Version.Length > 0 ? [("service.version", Version)] : Array.Empty<(string, string)>(),
    ];
}
