using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>
/// Who has a lock. Grants are in the order of asking: nobody passes those who wait, not even where the lock's present form would let him in, so that nobody waits for ever.
/// Every grant has a number of its own, larger than all before.
/// </summary>
public static class LockDecide
{
    /// <summary>How many may hold a lock at a time.</summary>
    public const int MostHolds = 1000;

    /// <summary>How many may wait for it.</summary>
    public const int MostWaiting = 10_000;

    /// <summary>How often an owner may have it.</summary>
    public const int MostCount = 1000;

    /// <summary>Somebody asks for it.</summary>
    /// <param name="seen">The lock.</param>
    /// <param name="line">Who waits for it.</param>
    /// <param name="wish">What is asked for.</param>
    /// <param name="waits">Whether he takes a place in line where it is not free; a place that he has is given up where not.</param>
    /// <param name="now">For the record; nothing is decided by it.</param>
    public static LockTurn Ask(NamedLock seen, IReadOnlyList<LockWish> line, LockWish wish, bool waits, DateTimeOffset now)
    {
        if (HeldBy(seen, wish.Owner) is { } own)
        {
            return Again(seen, line, own, wish);
        }

        if (seen.Holds.Count > 0 && seen.Form == LockForm.Permits && wish.Form == LockForm.Permits && seen.Permits != wish.Permits)
        {
            return Refuse(seen, line, $"it is held with {seen.Permits} permits, not {wish.Permits}");
        }

        if (line.Any(wish.IsSame))
        {
            // Who asks once more without waiting gives his place up: nothing may be granted to somebody who has gone.
            return waits ? new(seen, line, LockWord.Waiting) : Leave(seen, line, wish, now) with { Word = LockWord.Busy };
        }

        if (line.Count == 0 && Fits(seen, wish))
        {
            var (next, hold) = Grant(seen, wish, now);
            return new(next, line, LockWord.Granted) { Hold = hold };
        }

        return !waits ? new(seen, line, LockWord.Busy)
            : line.Count >= MostWaiting ? Refuse(seen, line, $"{MostWaiting} wait for it already")
            : new(seen, [.. line, wish], LockWord.Waiting);
    }

    /// <summary>An owner gives it back once.</summary>
    public static LockTurn Release(NamedLock seen, IReadOnlyList<LockWish> line, string owner, long token, DateTimeOffset now)
    {
        if (HeldBy(seen, owner) is not { } own || own.Token != token)
        {
            return new(seen, line, LockWord.NotHeld);
        }

        return own.Count > 1
            ? new(With(seen, own, own with { Count = own.Count - 1 }), line, LockWord.Released) { Hold = own }
            : Drop(seen, line, [token], now);
    }

    /// <summary>Grants end: their leases are over, or somebody breaks them. Who waits comes in.</summary>
    public static LockTurn Drop(NamedLock seen, IReadOnlyList<LockWish> line, IReadOnlyCollection<long> tokens, DateTimeOffset now)
    {
        var kept = seen.Holds.Where(h => !tokens.Contains(h.Token)).ToArray();
        return kept.Length == seen.Holds.Count ? new(seen, line, LockWord.NotHeld) : Admit(seen with { Holds = kept }, line, LockWord.Released, now);
    }

    /// <summary>One who waited goes away. Those behind may come in.</summary>
    public static LockTurn Leave(NamedLock seen, IReadOnlyList<LockWish> line, LockWish wish, DateTimeOffset now) =>
        Admit(seen, [.. line.Where(w => !w.IsSame(wish))], LockWord.Released, now);

    /// <summary>The grant of an owner; null where he has none.</summary>
    public static LockHold? HeldBy(NamedLock seen, string owner) => seen.Holds.FirstOrDefault(h => h.Owner == owner);

    static LockTurn Again(NamedLock seen, IReadOnlyList<LockWish> line, LockHold own, LockWish wish)
    {
        if (seen.Form != wish.Form || (wish.Form == LockForm.Permits && seen.Permits != wish.Permits))
        {
            return Refuse(seen, line, $"'{own.Owner}' holds it as {Word(seen.Form)}, and cannot have it as {Word(wish.Form)} too");
        }

        if (own.Ask == wish.Ask)
        {
            return new(seen, line, LockWord.Granted) { Hold = own };
        }

        if (own.Count >= MostCount)
        {
            return Refuse(seen, line, $"'{own.Owner}' has it {MostCount} times already");
        }

        var more = own with { Count = own.Count + 1, Ask = wish.Ask, Lease = wish.Lease > own.Lease ? wish.Lease : own.Lease };
        return new(With(seen, own, more), line, LockWord.Granted) { Hold = more };
    }

    static LockTurn Admit(NamedLock seen, IReadOnlyList<LockWish> line, LockWord word, DateTimeOffset now)
    {
        var admitted = new List<(LockWish, LockHold)>();
        var at = 0;
        for (; at < line.Count; at++)
        {
            var wish = line[at];
            var own = HeldBy(seen, wish.Owner);
            if (own is not null && Again(seen, line, own, wish) is { Word: LockWord.Granted, Hold: { } more } again)
            {
                seen = again.Next;
                admitted.Add((wish, more));
            }
            else if (own is null && Fits(seen, wish))
            {
                (seen, var hold) = Grant(seen, wish, now);
                admitted.Add((wish, hold));
            }
            else
            {
                break;
            }
        }

        return new(seen, at == 0 ? line : [.. line.Skip(at)], word) { Admitted = admitted };
    }

    static bool Fits(NamedLock seen, LockWish wish) =>
        seen.Holds.Count == 0
        || (seen.Form == wish.Form && seen.Holds.Count < MostHolds
            && (wish.Form == LockForm.Shared || (wish.Form == LockForm.Permits && seen.Permits == wish.Permits && seen.Holds.Count < seen.Permits)));

    static (NamedLock Next, LockHold Hold) Grant(NamedLock seen, LockWish wish, DateTimeOffset now)
    {
        var hold = new LockHold { Owner = wish.Owner, Token = seen.Token + 1, Lease = wish.Lease, About = wish.About, At = now, Ask = wish.Ask };
        return (seen with { Token = hold.Token, Form = wish.Form, Permits = wish.Permits, Holds = [.. seen.Holds, hold] }, hold);
    }

    static NamedLock With(NamedLock seen, LockHold before, LockHold after) => seen with { Holds = [.. seen.Holds.Select(h => ReferenceEquals(h, before) ? after : h)] };

    static LockTurn Refuse(NamedLock seen, IReadOnlyList<LockWish> line, string why) => new(seen, line, LockWord.Refused) { Why = why };

    static string Word(LockForm form) => form.ToString().ToLowerInvariant();
}
