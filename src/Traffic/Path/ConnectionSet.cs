namespace Mainstay.Traffic.Path;

/// <summary>All open client connections: joined and left in constant time, gone through by the heartbeat.</summary>
internal sealed class ConnectionSet
{
    private readonly Lock gate = new();
    private readonly List<ClientConnection> all = [];
    private TaskCompletionSource? empty;
    private int held;
    private int streams;

    /// <summary>Connections, without the streams on them.</summary>
    public int Count
    {
        get { lock (gate) return all.Count + held - streams; }
    }

    public void Add(ClientConnection connection)
    {
        lock (gate)
        {
            connection.Place = all.Count;
            all.Add(connection);
            if (connection.IsStream) streams++;
        }
    }

    public void Remove(ClientConnection connection)
    {
        TaskCompletionSource? done = null;
        lock (gate)
        {
            var last = all[^1];
            all[connection.Place] = last;
            last.Place = connection.Place;
            all.RemoveAt(all.Count - 1);
            if (connection.IsStream) streams--;
            if (all.Count + held == 0) done = empty;
        }
        done?.TrySetResult();
    }

    /// <summary>Counts a connection that the heartbeat has nothing to do with.</summary>
    public void Hold()
    {
        lock (gate) held++;
    }

    /// <summary>Ends a <see cref="Hold"/>.</summary>
    public void Release()
    {
        TaskCompletionSource? done = null;
        lock (gate)
        {
            if (--held + all.Count == 0) done = empty;
        }
        done?.TrySetResult();
    }

    /// <summary>Completes when no connection is open.</summary>
    public Task WhenEmpty()
    {
        lock (gate)
        {
            if (all.Count + held == 0) return Task.CompletedTask;
            empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return empty.Task;
        }
    }

    public void Tick(long nowMs, bool askPeer, bool endIdle)
    {
        lock (gate)
        {
            foreach (var connection in all)
            {
                connection.Waits.Tick(nowMs, askPeer, endIdle);
                connection.Streams?.Tick(nowMs, endIdle);
            }
        }
    }

    public void CloseAll()
    {
        lock (gate)
        {
            foreach (var connection in all) connection.Wire.Close(reset: true);
        }
    }
}
