namespace Mainstay.Observe.Correlate;

/// <summary>What is wrong with who depends on whom.</summary>
public enum MapFindingKind
{
    /// <summary>Services depend on each other.</summary>
    Cycle,

    /// <summary>A service needs one that matters less, and cannot do without it.</summary>
    CriticalOnLesser,

    /// <summary>A service calls one that its manifest does not name.</summary>
    UndeclaredNeed,

    /// <summary>A need that is never called.</summary>
    UnusedNeed,
}

/// <summary>A finding about the map.</summary>
/// <param name="Path">The names from caller to callee; of a cycle the last is the first.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="Trace">A trace that proves it; null where none is known.</param>
public sealed record MapFinding(MapFindingKind Kind, IReadOnlyList<string> Path, string Message, string Remedy, string? Trace = null)
{
    /// <summary>Tells it apart from others.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Key => $"{Kind} {string.Join(' ', Path)}";
}
