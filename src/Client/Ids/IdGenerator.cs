namespace Mainstay.Client.Ids;

/// <summary>
/// Makes ids without asking anybody, within a lease. Safe from many threads, without a lock and without allocating; at most 8,192 ids per millisecond.
/// </summary>
/// <remarks>
/// Its clock is the server's time at the grant plus what the monotonic clock has counted since: the wall clock of this machine plays no part, whatever is done to it. Ids stay within
/// the lease's span, which no other lease of the worker shares, so that they are unique even where clocks are wrong; within one generator they only grow.
/// </remarks>
/// <param name="time">Counts; null is the system's.</param>
public sealed class IdGenerator(TimeProvider? time = null)
{
    readonly TimeProvider time = time ?? TimeProvider.System;
    Anchored? held;
    long last = -1;

    /// <summary>What became of an attempt to make an id.</summary>
    public enum Outcome
    {
        /// <summary>It is made.</summary>
        Made,

        /// <summary>All ids of this millisecond are made: in the next there are more.</summary>
        Later,

        /// <summary>There is no lease, or its time is over.</summary>
        NoLease,
    }

    /// <summary>The lease that it works under; null before the first.</summary>
    public IdLease? Lease => Volatile.Read(ref held)?.Lease;

    /// <summary>Where its clock stands, in milliseconds since <see cref="IdShape.Epoch"/>; 0 without a lease.</summary>
    public long NowMs => Volatile.Read(ref held) is { } lease ? lease.NowMs(time) : 0;

    /// <summary>Works under this lease from now on: another one, or the same one made longer.</summary>
    /// <param name="lease">As the server gave it.</param>
    /// <param name="askedAt">The monotonic timestamp taken before it was asked for: its clock is ahead of the server's by the way of the request at most, never behind, so that it stops in time.</param>
    public void Use(IdLease lease, long askedAt)
    {
        var before = Volatile.Read(ref held);

        // A longer lease keeps its clock: it must not run backwards.
        var next = before is not null && (before.Lease.Worker, before.Lease.Grant) == (lease.Worker, lease.Grant) && before.NowMs(time) is var now && now > lease.NowMs
            ? before with { Lease = lease }
            : new Anchored(lease, Math.Max(lease.NowMs, lease.FromMs), askedAt);
        Volatile.Write(ref held, next);
    }

    /// <summary>Makes one, if that can be done now. Never waits.</summary>
    public Outcome TryNext(out long id)
    {
        while (true)
        {
            id = 0;
            if (Volatile.Read(ref held) is not { } lease || lease.NowMs(time) is var now && now >= lease.Lease.UntilMs)
            {
                return Outcome.NoLease;
            }

            var seen = Volatile.Read(ref last);
            var position = Math.Max(seen + 1, now << IdShape.SequenceBits);
            var ms = position >> IdShape.SequenceBits;
            if (ms > now)
            {
                // Those of an earlier lease may have been ahead; they are waited out as a full millisecond is.
                return Outcome.Later;
            }

            if (Interlocked.CompareExchange(ref last, position, seen) == seen)
            {
                id = IdShape.Make(position, lease.Lease.Worker);
                return Outcome.Made;
            }
        }
    }

    sealed record Anchored(IdLease Lease, long AnchorMs, long AskedAt)
    {
        public long NowMs(TimeProvider time) => AnchorMs + (long)time.GetElapsedTime(AskedAt).TotalMilliseconds;
    }
}
