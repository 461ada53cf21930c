using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Keeps the logs of all instances, or builds, of a folder: sees by inotify that something was written and moves it (<see cref="InstanceLog"/>). It costs
/// nothing while nobody writes, and no writer ever waits for it.
/// </summary>
public sealed class LogKeeper : IDisposable
{
    // Between two looks at a log that is written all the time: lines are moved in batches then.
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // The logs of instances that are gone; they tell why.
    const int KeptAfterClose = 50;

    readonly string root;
    readonly LogLimits limits;
    readonly EventThread events;
    readonly TimeProvider time;
    readonly Lock reading = new();
    readonly int inotify;
    readonly long watchKey;
    readonly ConcurrentDictionary<string, Shelf> open = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<int, Shelf> byWatch = new();
    bool disposed;
    long droppedLines;
    long droppedBytes;

    /// <param name="root">The folder with a folder per log.</param>
    /// <param name="events">Where the waiting is done; outlives this.</param>
    /// <param name="time">Stamps the lines.</param>
    /// <param name="limits">Null for the defaults.</param>
    public LogKeeper(string root, EventThread events, TimeProvider time, LogLimits? limits = null)
    {
        (this.root, this.events, this.time, this.limits) = (root, events, time, limits ?? new());
        inotify = Posix.inotify_init1(Posix.CloseOnExec | Posix.NonBlocking);
        watchKey = inotify >= 0 ? events.Add(inotify, once: false, Changed) : throw new IOException($"inotify: {Posix.Describe(Posix.Errno)}; raise fs.inotify.max_user_instances");
    }

    /// <summary>Called with what went wrong and is done without, for the log. Default: nothing.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Lines that were dropped because the disk was full.</summary>
    public long DroppedLines => Interlocked.Read(ref droppedLines) + open.Values.Sum(s => s.Log.DroppedLines);

    /// <summary>Bytes that were dropped because they were too far behind.</summary>
    public long DroppedBytes => Interlocked.Read(ref droppedBytes) + open.Values.Sum(s => s.Log.DroppedBytes);

    /// <summary>The files that a process about to be started is to append to. Nobody has them open. Throws <see cref="IOException"/> where they cannot be made.</summary>
    public (string Output, string Error) Begin(string name)
    {
        var shelf = Open(name);
        lock (shelf)
        {
            shelf.Log.Begin();
        }

        var folder = Path.Combine(root, name);
        return (InstanceLog.OutputOf(folder), InstanceLog.ErrorOf(folder));
    }

    /// <summary>The files that an adopted container's output goes on in.</summary>
    public (string Output, string Error) Continue(string name)
    {
        Open(name);
        var folder = Path.Combine(root, name);
        return (InstanceLog.OutputOf(folder), InstanceLog.ErrorOf(folder));
    }

    /// <summary>Goes on with the log of a process that runs.</summary>
    public void Adopt(string name) => Schedule(Open(name));

    /// <summary>The process has ended: moves everything, an unfinished line too.</summary>
    public void Flush(string name)
    {
        if (open.TryGetValue(name, out var shelf))
        {
            Drain(shelf, ended: true);
        }
    }

    /// <summary>Lets go of a log whose process has ended. The newest such logs stay readable.</summary>
    public void Close(string name)
    {
        if (open.TryRemove(name, out var shelf))
        {
            Release(shelf);
        }

        var gone = Directory.EnumerateDirectories(root).Where(f => !open.ContainsKey(Path.GetFileName(f)));
        foreach (var old in gone.OrderByDescending(Directory.GetLastWriteTimeUtc).Skip(KeptAfterClose))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    public void Dispose()
    {
        events.Remove(watchKey);
        foreach (var shelf in open.Values)
        {
            Drain(shelf, ended: false);
            Release(shelf);
        }

        open.Clear();
        lock (reading)
        {
            disposed = true;
            _ = Posix.close(inotify);
        }
    }

    Shelf Open(string name)
    {
        if (open.TryGetValue(name, out var known))
        {
            return known;
        }

        var folder = Path.Combine(root, name);
        var shelf = new Shelf(name, new InstanceLog(folder, limits, time));
        open[name] = shelf;
        foreach (var path in new[] { InstanceLog.OutputOf(folder), InstanceLog.ErrorOf(folder) })
        {
            var watch = Posix.inotify_add_watch(inotify, path, Posix.InotifyModify);
            if (watch < 0)
            {
                OnFault($"log of {name}", new IOException($"inotify: {Posix.Describe(Posix.Errno)}; raise fs.inotify.max_user_watches"));
                continue;
            }

            shelf.Watches.Add(watch);
            byWatch[watch] = shelf;
        }

        return shelf;
    }

    void Release(Shelf shelf)
    {
        foreach (var watch in shelf.Watches)
        {
            byWatch.TryRemove(watch, out _);
            _ = Posix.inotify_rm_watch(inotify, watch);
        }

        lock (shelf)
        {
            shelf.Closed = true;
            Interlocked.Add(ref droppedLines, shelf.Log.DroppedLines);
            Interlocked.Add(ref droppedBytes, shelf.Log.DroppedBytes);
            shelf.Log.Dispose();
        }
    }

    // inotify(7): watch, mask, cookie and length of the name, which watches of files do not have.
    unsafe void Changed()
    {
        const int entryBytes = 16;
        var bytes = stackalloc byte[256 * entryBytes];
        while (Read(bytes, 256 * entryBytes) is > 0 and var count)
        {
            for (var at = 0; at + entryBytes <= count; at += entryBytes)
            {
                var watch = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(bytes + at, 4));
                if (watch < 0)
                {
                    // More changes than the kernel could queue: any log may have changed.
                    foreach (var any in open.Values)
                    {
                        Schedule(any);
                    }
                }
                else if (byWatch.TryGetValue(watch, out var shelf))
                {
                    Schedule(shelf);
                }
            }
        }
    }

    // A call that was under way when we were disposed must not read what now has the number.
    unsafe nint Read(byte* bytes, nint most)
    {
        lock (reading)
        {
            return disposed ? 0 : Posix.read(inotify, bytes, most);
        }
    }

    void Schedule(Shelf shelf)
    {
        // 0 idle, 1 at work, 2 at work and asked again.
        if (Interlocked.Exchange(ref shelf.Work, 2) == 0)
        {
            _ = Task.Run(() => WorkAsync(shelf));
        }
    }

    async Task WorkAsync(Shelf shelf)
    {
        do
        {
            Interlocked.Exchange(ref shelf.Work, 1);
            Drain(shelf, ended: false);
            await Task.Delay(Pause, time);
        }
        while (Interlocked.CompareExchange(ref shelf.Work, 0, 1) != 1);
    }

    void Drain(Shelf shelf, bool ended)
    {
        lock (shelf)
        {
            try
            {
                if (!shelf.Closed)
                {
                    shelf.Log.Drain(ended);
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                OnFault($"log of {shelf.Name}", fault);
            }
        }
    }

    sealed class Shelf(string name, InstanceLog log)
    {
        public int Work;

        public string Name => name;

        public InstanceLog Log => log;

        public List<int> Watches { get; } = [];

        public bool Closed { get; set; }
    }
}
