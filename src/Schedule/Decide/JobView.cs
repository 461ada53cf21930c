using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>What is known of a job when it is decided on.</summary>
public sealed record JobView
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>Null where it is gone and something of it is left.</summary>
    public Job? Job { get; init; }

    /// <summary>Null before the first apply.</summary>
    public Architecture? Architecture { get; init; }

    /// <summary>Its runs, in no particular order.</summary>
    public IReadOnlyList<JobRun> Runs { get; init; } = [];

    /// <summary>The instances of its tasks.</summary>
    public IReadOnlyList<Instance> Instances { get; init; } = [];

    /// <summary>The hosts that are ready.</summary>
    public HostLoads Hosts { get; init; } = [];

    /// <summary>The newest succeeded run of each job that it comes after; 0 where there is none.</summary>
    public IReadOnlyDictionary<string, int> Upstream { get; init; } = new Dictionary<string, int>();

    /// <summary>The services whose software runs use, by name, each with its template and the host that has its build (null where nothing is built).</summary>
    public IReadOnlyDictionary<string, Software> Software { get; init; } = new Dictionary<string, Software>();
}

/// <summary>A service's software as a job uses it.</summary>
/// <param name="Template">Folder, environment and build; null while it is not ready.</param>
/// <param name="Host">The host that has its build; null where any will do.</param>
/// <param name="Missing">What it waits for while there is no template, for people.</param>
public sealed record Software(InstanceTemplate? Template, string? Host, string Missing = "");
