using Mainstay.State.Decide;

namespace Mainstay.State.Locks;

/// <summary>Who waits for one lock, and the askings that are open. Used by one at a time, who holds <see cref="Gate"/>.</summary>
sealed class LockRoom
{
    readonly Dictionary<(string, string), (long Place, LockWish Wish, TaskCompletionSource<LockTurn>? Open)> places = [];
    long last;

    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>How many are in it, or before its door. Belongs to the keeper.</summary>
    public int Users { get; set; }

    public IReadOnlyList<LockWish> Line { get; private set; } = [];

    /// <summary>An asking that waits. The one that was open at this place before is answered that it waits.</summary>
    public TaskCompletionSource<LockTurn> Await(LockWish wish)
    {
        var key = (wish.Owner, wish.Ask);
        var had = places.TryGetValue(key, out var before);
        var open = new TaskCompletionSource<LockTurn>(TaskCreationOptions.RunContinuationsAsynchronously);
        places[key] = (had ? before.Place : --last, wish, open);
        before.Open?.TrySetResult(new(new() { Name = "taken-over" }, Line, LockWord.Waiting));
        return open;
    }

    /// <summary>The number of a place in line: negative; 0 where there is none.</summary>
    public long PlaceOf(LockWish wish) => places.TryGetValue((wish.Owner, wish.Ask), out var place) ? place.Place : 0;

    /// <summary>Who has the place; null where nobody has, or his asking is open.</summary>
    public LockWish? WishAt(long number) => places.Values.FirstOrDefault(p => p.Place == number && p.Open is null).Wish;

    /// <summary>Whether it is this asking that is open at its place.</summary>
    public bool IsOpen(LockWish wish, TaskCompletionSource<LockTurn> waiting) => places.TryGetValue((wish.Owner, wish.Ask), out var place) && place.Open == waiting;

    /// <summary>An asking ends unanswered; its place stays.</summary>
    public void GiveUp(LockWish wish) => places[(wish.Owner, wish.Ask)] = places[(wish.Owner, wish.Ask)] with { Open = null };

    /// <summary>After a decision: who came in is told.</summary>
    public void Take(LockTurn turn)
    {
        Line = turn.Line;
        foreach (var (wish, hold) in turn.Admitted)
        {
            if (places.Remove((wish.Owner, wish.Ask), out var place))
            {
                place.Open?.TrySetResult(turn with { Word = LockWord.Granted, Hold = hold });
            }
        }

        if (places.Count > Line.Count)
        {
            foreach (var key in places.Keys.Except(Line.Select(w => (w.Owner, w.Ask))).ToArray())
            {
                places.Remove(key);
            }
        }
    }
}
