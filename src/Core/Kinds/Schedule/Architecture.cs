using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>The architecture as a whole; there is one, named <see cref="TheName"/>.</summary>
public sealed record Architecture : Resource
{
    public const string TheName = "architecture";

    /// <summary>The manifest's <c>architecture</c>.</summary>
    public required string Title { get; init; }

    /// <summary>The manifest's <c>environment</c>, for example <c>dev</c>.</summary>
    public string Environment { get; init; } = "";

    /// <summary>Number of the <c>ArchitectureVersion</c> in force; 0 before the first.</summary>
    public int Version { get; init; }

    /// <summary>False after <c>down</c>: everything is stopped in reverse order and stays declared.</summary>
    public bool Running { get; init; } = true;

    /// <summary>Which versions of services work together, as declared.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Compatible { get; init; }

    /// <summary>Names that users gave to versions, with the versions' numbers; null where none were given.</summary>
    public IReadOnlyDictionary<string, int>? Tags { get; init; }

    /// <summary>The manifest's <c>telemetry</c>.</summary>
    public TelemetrySpec? Telemetry { get; init; }

    /// <summary>For each service that was forgotten, the number that its next instance would have got: a service of that name goes on from there, so that no instance's name is ever used twice.</summary>
    public IReadOnlyDictionary<string, int> Forgotten { get; init; } = new Dictionary<string, int>();
}
