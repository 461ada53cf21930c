namespace Mainstay.Core.Reconcile;

/// <summary>
/// The keys that wait for a pass. A key is in it at most once; a key that is added while its pass is under way waits for that to finish; a key that has
/// committed waits until the snapshot holds the commit.
/// </summary>
sealed class KeyQueue
{
    readonly Dictionary<string, KeyState> states = new(StringComparer.Ordinal);
    readonly Queue<string> ready = new();
    readonly PriorityQueue<string, (DateTimeOffset Due, long Order)> later = new();
    readonly PriorityQueue<string, long> behind = new();
    long order;

    /// <summary>When the first key that waits for a time is due; null when none does. May be early for a key that has since been rescheduled.</summary>
    public DateTimeOffset? NextDue => later.TryPeek(out _, out var at) ? at.Due : null;

    public void Add(string key)
    {
        var state = StateOf(key);
        if (state.UnderWay)
        {
            state.Again = true;
        }
        else if (!state.Queued)
        {
            state.Queued = true;
            ready.Enqueue(key);
        }
    }

    /// <summary>The next key to pass: not under way, and its own commits within <paramref name="revision"/>.</summary>
    public bool TryTake(DateTimeOffset now, long revision, out string key)
    {
        while (later.TryPeek(out var due, out var at) && at.Due <= now)
        {
            later.Dequeue();
            if (states.TryGetValue(due, out var state) && state.Due == at.Due)
            {
                state.Due = null;
                Add(due);
            }
        }

        while (behind.TryPeek(out var held, out var needed) && needed <= revision)
        {
            behind.Dequeue();
            ready.Enqueue(held);
        }

        while (ready.TryDequeue(out key!))
        {
            var state = StateOf(key);
            if (state.CommittedAt > revision)
            {
                behind.Enqueue(key, state.CommittedAt);
                continue;
            }

            state.Queued = false;
            state.UnderWay = true;
            state.Due = null;
            return true;
        }

        return false;
    }

    /// <summary>Ends a pass.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="revision">The revision that the snapshot has to hold before the next pass; 0 for none.</param>
    /// <param name="due">When to look again without a change; null for never.</param>
    public void Finished(string key, long revision, DateTimeOffset? due)
    {
        var state = StateOf(key);
        state.UnderWay = false;
        state.CommittedAt = Math.Max(state.CommittedAt, revision);
        state.Due = due;
        if (due is { } at)
        {
            later.Enqueue(key, (at, order++));
        }

        if (state.Again)
        {
            state.Again = false;
            Add(key);
        }
        else if (due is null && state.Failures == 0)
        {
            // Nothing is known of the key that the next change would not tell; what it committed comes back as that change.
            if (revision == 0)
            {
                states.Remove(key);
            }
        }
    }

    /// <summary>Counts a failure of the key; gives how many there were in a row.</summary>
    public int Failed(string key) => ++StateOf(key).Failures;

    public void Succeeded(string key) => StateOf(key).Failures = 0;

    KeyState StateOf(string key) => states.TryGetValue(key, out var state) ? state : states[key] = new();

    sealed class KeyState
    {
        public bool Queued { get; set; }

        public bool UnderWay { get; set; }

        public bool Again { get; set; }

        public long CommittedAt { get; set; }

        public DateTimeOffset? Due { get; set; }

        public int Failures { get; set; }
    }
}
