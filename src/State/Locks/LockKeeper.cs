using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;

namespace Mainstay.State.Locks;

/// <summary>
/// Keeps locks over a store. What is granted is durable before it is told. Leases are judged by the monotonic clock and renewed in memory: a server that starts anew gives every
/// grant its whole lease again, so none ends early.
/// </summary>
/// <remarks>
/// Effects: <list type="number">
/// <item>An uncontended grant, a release and an expiry are one commit each; a renewal is none. Release and the grant to the next in line are the same commit.</item>
/// <item>Who waits has his place as long as his asking is open, and for <see cref="PlaceKept"/> after it ended unanswered; who goes away leaves at once. Places are kept in memory: after a restart of
/// the server the line is in the order in which askings come again.</item>
/// </list>
/// Failures: <see cref="StoreUnavailableException"/> where the store cannot write; what was not acknowledged was not granted.
/// </remarks>
/// <param name="store">Where locks are.</param>
/// <param name="kinds">Of all resources.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">What else is to be written with grants that end by themselves or by force: the lock, the grant and why.</param>
public sealed class LockKeeper(IStore store, KindRegistry kinds, TimeProvider time, Func<string, LockHold, string, Operation>? tell = null)
{
    /// <summary>How long a place in line is kept for an asking that comes again.</summary>
    public static readonly TimeSpan PlaceKept = TimeSpan.FromSeconds(5);

    /// <summary>How many locks there can be; a record stays for ever, for its number's sake.</summary>
    public const int Most = 100_000;

    const int Tries = 16;
    const string Unrenewed = "its lease was not renewed";

    readonly Lock gate = new();
    readonly Dictionary<string, LockRoom> rooms = new(StringComparer.Ordinal);
    readonly LeaseBook leases = new(time);
    int known;

    /// <summary>How many grants were given since the start, and how many ended because nobody renewed them.</summary>
    public (long Granted, long Expired) Counts => (Volatile.Read(ref granted), Volatile.Read(ref expired));

    long granted;
    long expired;

    /// <summary>Asks for a lock, and waits for it in line.</summary>
    /// <param name="name">The lock's.</param>
    /// <param name="wish">What is asked for.</param>
    /// <param name="wait">How long at the most; zero only tries.</param>
    /// <param name="stop">The asker is gone: his place is given up, and what was granted meanwhile is given back.</param>
    public async Task<LockTurn> AcquireAsync(string name, LockWish wish, TimeSpan wait, CancellationToken stop)
    {
        TaskCompletionSource<LockTurn>? waiting = null;
        var turn = await InRoomAsync((name, stop), async room =>
        {
            var turn = await DecideAsync(name, room, (seen, now) => LockDecide.Ask(seen, room.Line, wish, wait > TimeSpan.Zero, now), stop);
            if (turn.Word == LockWord.Waiting)
            {
                waiting = room.Await(wish);
                leases.Forget(name, room.PlaceOf(wish));
            }

            return turn;
        });
        return waiting is null ? turn : await WaitAsync(name, wish, waiting, wait, turn, stop);
    }

    /// <summary>Starts a grant's lease again; null where it is over.</summary>
    public async Task<LockHold?> RenewAsync(string name, string owner, long token, CancellationToken stop) => await InRoomAsync((name, stop), async room =>
    {
        if (await ReadAsync(name, stop) is not { } seen || LockDecide.HeldBy(seen, owner) is not { } own || own.Token != token)
        {
            return null;
        }

        // What is due is over, though nobody has come to say so yet.
        if (leases.IsDue(name, token))
        {
            return null;
        }

        leases.Set(name, token, own.Lease);
        return own;
    });

    /// <summary>Gives a grant back once.</summary>
    public Task<LockTurn> ReleaseAsync(string name, string owner, long token, CancellationToken stop) =>
        InRoomAsync((name, stop), room => DecideAsync(name, room, (seen, now) => LockDecide.Release(seen, room.Line, owner, token, now), stop));

    /// <summary>Takes a lock from everybody who holds it.</summary>
    /// <param name="name">The lock's.</param>
    /// <param name="why">For people.</param>
    /// <param name="also">What is written with it.</param>
    /// <param name="stop">Ends it before it is written.</param>
    public Task<LockTurn> BreakAsync(string name, string why, Operation? also, CancellationToken stop) => InRoomAsync((name, stop), room => DecideAsync(
        name, room, (seen, now) => LockDecide.Drop(seen, room.Line, [.. seen.Holds.Select(h => h.Token)], now), stop, why, also));

    /// <summary>A lock as it stands; null where nobody has asked for it yet.</summary>
    public async ValueTask<NamedLock?> FindAsync(string name, CancellationToken stop)
    {
        var kind = kinds.Of<NamedLock>();
        return Names.IsValid(name) && await store.GetAsync(kind.KeyOf(name), stop) is { } entry ? (NamedLock)kind.Decode(entry) : null;
    }

    /// <summary>Who waits for a lock, the first first.</summary>
    public IReadOnlyList<LockWish> LineOf(string name)
    {
        lock (gate)
        {
            return rooms.TryGetValue(name, out var room) ? room.Line : [];
        }
    }

    /// <summary>How long a grant lasts without a renewal; null where that is not known.</summary>
    public TimeSpan? LeftOf(string name, long token) => leases.Left(name, token);

    /// <summary>Ends leases until stopped. What is held when it begins has its whole lease from then on.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var kind = kinds.Of<NamedLock>();
        foreach (var entry in (await store.RangeAsync(kind.Prefix, stop: stop)).Entries)
        {
            known++;
            var one = kind.Decode(entry);
            foreach (var hold in one.Holds)
            {
                leases.Know(one.Name, hold.Token, hold.Lease);
            }
        }

        while (true)
        {
            await leases.WaitAsync(stop);
            foreach (var due in leases.TakeDue().GroupBy(d => d.Name, StringComparer.Ordinal))
            {
                try
                {
                    await EndAsync(due.Key, [.. due.Select(d => d.Number)], stop);
                }
                catch (StoreUnavailableException)
                {
                    // Nobody else can be granted it meanwhile either.
                    foreach (var (name, number) in due)
                    {
                        leases.Set(name, number, TimeSpan.FromSeconds(1));
                    }
                }
            }
        }
    }

    // Positive numbers are grants, negative ones places in line.
    Task<LockTurn?> EndAsync(string name, long[] numbers, CancellationToken stop) => InRoomAsync<LockTurn?>((name, stop), async room =>
    {
        foreach (var place in numbers.Where(n => n < 0))
        {
            leases.Forget(name, place);
            if (room.WishAt(place) is { } wish)
            {
                await DecideAsync(name, room, (seen, now) => LockDecide.Leave(seen, room.Line, wish, now), stop);
            }
        }

        long[] over = [.. numbers.Where(n => n > 0 && leases.IsDue(name, n))];
        if (over.Length == 0)
        {
            return null;
        }

        var turn = await DecideAsync(name, room, (seen, now) => LockDecide.Drop(seen, room.Line, over, now), stop, Unrenewed);
        foreach (var number in over)
        {
            if (turn.Word == LockWord.Refused)
            {
                leases.Set(name, number, TimeSpan.FromSeconds(1));
            }
            else
            {
                leases.Forget(name, number);
            }
        }

        return turn;
    });

    async Task<LockTurn> WaitAsync(string name, LockWish wish, TaskCompletionSource<LockTurn> waiting, TimeSpan wait, LockTurn turn, CancellationToken stop)
    {
        try
        {
            return await waiting.Task.WaitAsync(wait, time, stop);
        }
        catch (TimeoutException)
        {
            return await InRoomAsync((name, CancellationToken.None), room =>
            {
                if (waiting.Task.IsCompleted)
                {
                    return waiting.Task;
                }

                if (room.IsOpen(wish, waiting))
                {
                    room.GiveUp(wish);
                    leases.Set(name, room.PlaceOf(wish), PlaceKept);
                }

                return Task.FromResult(turn with { Line = room.Line });
            });
        }
        catch (OperationCanceledException)
        {
            await InRoomAsync((name, CancellationToken.None), async room =>
            {
                if (waiting.Task.IsCompleted)
                {
                    // Granted while its asker went; where it was answered that it waits, another asking has its place.
                    return (await waiting.Task).Hold is { } unwanted
                        ? await DecideAsync(name, room, (seen, now) => LockDecide.Release(seen, room.Line, wish.Owner, unwanted.Token, now), CancellationToken.None)
                        : turn;
                }

                return room.IsOpen(wish, waiting) ? await DecideAsync(name, room, (seen, now) => LockDecide.Leave(seen, room.Line, wish, now), CancellationToken.None) : turn;
            });
            throw;
        }
    }

    async Task<LockTurn> DecideAsync(string name, LockRoom room, Func<NamedLock, DateTimeOffset, LockTurn> decide, CancellationToken stop, string? over = null, Operation? also = null)
    {
        var key = kinds.Of<NamedLock>().KeyOf(name);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var seen = await ReadAsync(name, stop) ?? new NamedLock { Name = name };
            var turn = decide(seen, time.GetUtcNow());
            if (seen.Revision == 0 && !ReferenceEquals(turn.Next, seen) && Volatile.Read(ref known) >= Most)
            {
                return new(seen, room.Line, LockWord.Refused) { Why = $"there are {Most} locks already" };
            }

            if (ReferenceEquals(turn.Next, seen))
            {
                room.Take(turn);
                return turn;
            }

            var ended = over is null || tell is null ? [] : seen.Holds.Where(h => turn.Next.Holds.All(n => n.Token != h.Token)).Select(h => tell(name, h, over));
            var result = await store.CommitAsync(new([new(key, seen.Revision)], [new(key, Codec.Encode(turn.Next)), .. ended, .. also is { } one ? new[] { one } : []]), stop);
            if (result.Succeeded)
            {
                Note(name, seen, turn, over == Unrenewed);
                room.Take(turn);
                return turn;
            }
        }

        return new(new NamedLock { Name = name }, room.Line, LockWord.Refused) { Why = "it changes all the time" };
    }

    void Note(string name, NamedLock before, LockTurn turn, bool isExpiry)
    {
        if (before.Revision == 0)
        {
            Interlocked.Increment(ref known);
        }

        foreach (var hold in turn.Next.Holds.Where(h => h.Token > before.Token))
        {
            Interlocked.Increment(ref granted);
            leases.Set(name, hold.Token, hold.Lease);
        }

        foreach (var hold in before.Holds.Where(h => turn.Next.Holds.All(n => n.Token != h.Token)))
        {
            leases.Forget(name, hold.Token);
            Interlocked.Add(ref expired, isExpiry ? 1 : 0);
        }

        // Having it once more is a sign of life, too.
        if (turn is { Word: LockWord.Granted, Hold: { } again } && again.Token <= before.Token)
        {
            leases.Set(name, again.Token, again.Lease);
        }
    }

    async ValueTask<NamedLock?> ReadAsync(string name, CancellationToken stop)
    {
        var kind = kinds.Of<NamedLock>();
        if (await store.GetAsync(kind.KeyOf(name), stop) is not { } entry)
        {
            return null;
        }

        // In the room alone: nothing that ended meanwhile is taken for new.
        var seen = kind.Decode(entry);
        foreach (var hold in seen.Holds)
        {
            leases.Know(name, hold.Token, hold.Lease);
        }

        return seen;
    }

    // One decision about a lock at a time; a room stays as long as somebody is in it or waits.
    async Task<T> InRoomAsync<T>((string Name, CancellationToken Stop) asked, Func<LockRoom, Task<T>> act)
    {
        LockRoom? room;
        lock (gate)
        {
            if (!rooms.TryGetValue(asked.Name, out room))
            {
                rooms[asked.Name] = room = new LockRoom();
            }

            room.Users++;
        }

        try
        {
            await room.Gate.WaitAsync(asked.Stop);
            try
            {
                return await act(room);
            }
            finally
            {
                room.Gate.Release();
            }
        }
        finally
        {
            lock (gate)
            {
                if (--room.Users == 0 && room.Line.Count == 0)
                {
                    rooms.Remove(asked.Name);
                }
            }
        }
    }
}
