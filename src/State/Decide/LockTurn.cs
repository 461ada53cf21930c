using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>What somebody wants of a lock. The same owner and asking together are one place in line, however often they come.</summary>
/// <param name="Owner">Who asks: two with the same name are one.</param>
/// <param name="Ask">Tells the askings of an owner apart.</param>
/// <param name="Form">As what.</param>
/// <param name="Permits">How many may hold it, where the form is permits; else 1.</param>
/// <param name="Lease">How long it is to last without a renewal.</param>
/// <param name="About">For people.</param>
public sealed record LockWish(string Owner, string Ask, LockForm Form, int Permits, TimeSpan Lease, string About = "")
{
    /// <summary>Whether it is the same place in line.</summary>
    public bool IsSame(LockWish other) => Owner == other.Owner && Ask == other.Ask;
}

/// <summary>What became of it.</summary>
public enum LockWord
{
    Granted,

    /// <summary>In line.</summary>
    Waiting,

    /// <summary>Others hold it, or wait for it, and this one does not wait.</summary>
    Busy,

    /// <summary>It cannot be granted like this, however long one waits.</summary>
    Refused,

    /// <summary>It is given back, or was taken away.</summary>
    Released,

    /// <summary>Not held by this owner with this token.</summary>
    NotHeld,
}

/// <summary>A decision about a lock.</summary>
/// <param name="Next">The record after it.</param>
/// <param name="Line">Who waits after it, the first first.</param>
/// <param name="Word">What became of it.</param>
public sealed record LockTurn(NamedLock Next, IReadOnlyList<LockWish> Line, LockWord Word)
{
    /// <summary>The grant, where there is one.</summary>
    public LockHold? Hold { get; init; }

    /// <summary>Those who waited and have it now.</summary>
    public IReadOnlyList<(LockWish Wish, LockHold Hold)> Admitted { get; init; } = [];

    /// <summary>Why it was refused.</summary>
    public string Why { get; init; } = "";
}
