namespace Mainstay.Schedule.Drivers;

/// <summary>
/// One thread that waits for any number of descriptors (process ends, file changes) in one epoll and costs nothing while nothing happens.
/// Callbacks run on that thread and must be short; one that is under way when <see cref="Remove"/> is called may still finish.
/// </summary>
public sealed unsafe class EventThread : IDisposable
{
    const int Batch = 64;

    // The kernel packs the entry on x64 only: 4 bytes of events, then 8 of data, aligned elsewhere.
    static readonly int DataAt = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 ? 4 : 8;

    readonly Lock gate = new();
    readonly Dictionary<long, Watch> byKey = [];
    readonly int epoll;
    readonly int wake;
    readonly Thread thread;
    long lastKey;
    bool disposed;

    /// <summary>Starts the thread. Throws <see cref="IOException"/> where the system has no descriptors left.</summary>
    public EventThread(string name)
    {
        epoll = Check(Posix.epoll_create1(Posix.CloseOnExec));
        wake = Check(Posix.eventfd(0, Posix.CloseOnExec | Posix.NonBlocking));
        Control(Posix.EpollAdd, wake, Posix.EpollIn, 0);
        thread = new Thread(Run) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>Calls <paramref name="ready"/> when the descriptor is readable: each time, or once only.</summary>
    /// <returns>The key for <see cref="Remove"/>.</returns>
    public long Add(int fd, bool once, Action ready)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var key = ++lastKey;
            byKey.Add(key, new Watch(fd, once, ready));
            Control(Posix.EpollAdd, fd, Posix.EpollIn | (once ? Posix.EpollOneShot : 0), key);
            return key;
        }
    }

    /// <summary>Stops watching; unknown keys are ignored. To be called before the descriptor is closed.</summary>
    public void Remove(long key)
    {
        lock (gate)
        {
            if (!disposed && byKey.Remove(key, out var watch))
            {
                Control(Posix.EpollDelete, watch.Fd, 0, 0);
            }
        }
    }

    /// <summary>Ends the thread, and waits for that unless a callback of its own calls.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            byKey.Clear();
        }

        long one = 1;
        _ = Posix.write(wake, (byte*)&one, sizeof(long));
        if (Thread.CurrentThread != thread)
        {
            thread.Join();
        }
    }

    // A callback may dispose: the thread itself closes what it waits on, after its last wait. A closed number may be somebody else's at once.
    void Run()
    {
        while (Wait())
        {
        }

        _ = Posix.close(epoll);
        _ = Posix.close(wake);
    }

    bool Wait()
    {
        var size = DataAt + sizeof(long);
        var entries = stackalloc byte[Batch * size];
        var count = Posix.epoll_wait(epoll, entries, Batch, -1);
        for (var i = 0; i < count; i++)
        {
            if (!Call(*(long*)(entries + (i * size) + DataAt)))
            {
                return false;
            }
        }

        return true;
    }

    // The lock is not held while a callback runs: it may add and remove. False once this is disposed.
    bool Call(long key)
    {
        Watch? watch;
        lock (gate)
        {
            if (disposed)
            {
                return false;
            }

            if (byKey.TryGetValue(key, out watch) && watch.Once)
            {
                byKey.Remove(key);
                Control(Posix.EpollDelete, watch.Fd, 0, 0);
            }
        }

        watch?.Ready();
        lock (gate)
        {
            return !disposed;
        }
    }

    void Control(int operation, int fd, uint events, long key)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = events;
        *(long*)(entry + DataAt) = key;
        Check(Posix.epoll_ctl(epoll, operation, fd, entry));
    }

    static int Check(int result) =>
        result >= 0 ? result : throw new IOException($"epoll: {Posix.Describe(Posix.Errno)}");

    sealed record Watch(int Fd, bool Once, Action Ready);
}
