namespace Mainstay.Core.Kinds.State;

/// <summary>
/// A lock that services share: who holds it, and the number of its last grant. The record stays when nobody holds it, so that the number never comes twice.
/// It is there from the first time that somebody asks for it.
/// </summary>
public sealed record NamedLock : Resource
{
    /// <summary>The number of the last grant; 0 where there was none. It only grows.</summary>
    public long Token { get; init; }

    /// <summary>As what it is held now, or was held last.</summary>
    public LockForm Form { get; init; }

    /// <summary>How many may hold it at a time, where its form is permits.</summary>
    public int Permits { get; init; } = 1;

    /// <summary>Who holds it, in the order of their grants.</summary>
    public IReadOnlyList<LockHold> Holds { get; init; } = [];
}

/// <summary>As what a lock is held.</summary>
public enum LockForm
{
    /// <summary>By one alone.</summary>
    Exclusive,

    /// <summary>By any number that hold it shared.</summary>
    Shared,

    /// <summary>By at most so many at a time: a semaphore.</summary>
    Permits,
}

/// <summary>A grant that lasts.</summary>
public sealed record LockHold
{
    /// <summary>Who holds it.</summary>
    public required string Owner { get; init; }

    /// <summary>The grant's number: larger than that of every grant of this lock before it.</summary>
    public required long Token { get; init; }

    /// <summary>How often the owner has it; it is free when it was released as often.</summary>
    public int Count { get; init; } = 1;

    /// <summary>How long the grant lasts after it was given or last renewed.</summary>
    public required TimeSpan Lease { get; init; }

    /// <summary>What the owner says of itself, for people and for those who look for a leader.</summary>
    public string About { get; init; } = "";

    /// <summary>When it was granted.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The last asking that was granted: one that comes again is not counted again.</summary>
    public string Ask { get; init; } = "";
}
