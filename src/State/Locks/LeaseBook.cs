namespace Mainstay.State.Locks;

/// <summary>When leases of locks, and places in their lines, are over: on the monotonic clock, whatever the wall clock does.</summary>
sealed class LeaseBook(TimeProvider time)
{
    readonly Lock gate = new();
    // Whether it has a place in the order: what was taken as over and set anew needs another.
    readonly Dictionary<(string Name, long Number), (long At, bool IsQueued)> due = [];

    // Each has one place here, whose priority is a time it once had: a renewal costs nothing, and what surfaces too early is put back.
    readonly PriorityQueue<(string Name, long Number), long> order = new();
    TaskCompletionSource earlier = New();

    /// <summary>It is over in <paramref name="span"/> from now.</summary>
    public void Set(string name, long number, TimeSpan span)
    {
        var at = time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);
        TaskCompletionSource? wake = null;
        lock (gate)
        {
            var isFirst = !order.TryPeek(out _, out var first) || at < first;
            var isQueued = due.TryGetValue((name, number), out var before) && before.IsQueued && before.At <= at;
            due[(name, number)] = (at, true);
            if (!isQueued)
            {
                order.Enqueue((name, number), at);
            }

            if (isFirst)
            {
                (wake, earlier) = (earlier, New());
            }
        }

        wake?.TrySetResult();
    }

    /// <summary>The same where nothing is known of it yet.</summary>
    public void Know(string name, long number, TimeSpan span)
    {
        lock (gate)
        {
            if (due.ContainsKey((name, number)))
            {
                return;
            }
        }

        Set(name, number, span);
    }

    public void Forget(string name, long number)
    {
        lock (gate)
        {
            due.Remove((name, number));
        }
    }

    public bool IsDue(string name, long number)
    {
        lock (gate)
        {
            return due.TryGetValue((name, number), out var one) && one.At <= time.GetTimestamp();
        }
    }

    public TimeSpan? Left(string name, long number)
    {
        lock (gate)
        {
            return due.TryGetValue((name, number), out var one) ? time.GetElapsedTime(time.GetTimestamp(), one.At) : null;
        }
    }

    /// <summary>What is over. It stays known until it is forgotten or set anew.</summary>
    public List<(string Name, long Number)> TakeDue()
    {
        var taken = new List<(string, long)>();
        lock (gate)
        {
            var now = time.GetTimestamp();
            while (order.TryPeek(out var key, out var at) && at <= now)
            {
                order.Dequeue();
                if (!due.TryGetValue(key, out var real))
                {
                    continue;
                }

                if (real.At > now)
                {
                    order.Enqueue(key, real.At);
                }
                else if (real.IsQueued)
                {
                    due[key] = real with { IsQueued = false };
                    taken.Add(key);
                }
            }
        }

        return taken;
    }

    /// <summary>Waits until something may be over.</summary>
    public async Task WaitAsync(CancellationToken stop)
    {
        while (true)
        {
            Task sooner;
            TimeSpan? left;
            lock (gate)
            {
                sooner = earlier.Task;
                left = order.TryPeek(out _, out var at) ? time.GetElapsedTime(time.GetTimestamp(), at) : null;
            }

            if (left <= TimeSpan.Zero)
            {
                return;
            }

            if (left is not { } span)
            {
                await sooner.WaitAsync(stop);
                continue;
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            // Rounded up: a timer of whole milliseconds must not fire just before.
            await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds)), time, end.Token), sooner);
            await end.CancelAsync();
            stop.ThrowIfCancellationRequested();
        }
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
