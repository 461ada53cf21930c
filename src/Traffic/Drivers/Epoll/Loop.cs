using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>
/// One thread that waits for the kernel and lets go on what can. All that belongs to it is touched by its thread alone; other threads
/// <see cref="Post"/>.
/// </summary>
/// <remarks>
/// A descriptor is registered once, edge-triggered, for its whole life. Its event carries a slot and the slot's generation, so that an event that was
/// reported before its descriptor was closed meets nobody.
/// </remarks>
internal sealed unsafe class Loop
{
    /// <summary>Operations that may complete in place, one after the other, before others have their turn.</summary>
    private const int Spree = 8;

    /// <summary>How long a door waits that found no free descriptor.</summary>
    private const int StarvedMs = 50;

    private const int Batch = 256;
    private const uint Watched = Native.In | Native.Out | Native.PeerEnded | Native.EdgeTriggered;
    private const ulong BellData = ulong.MaxValue;
    [ThreadStatic] private static Loop? current;
    private readonly ConcurrentQueue<Action> posted = new();
    private readonly Queue<IReady> again = new();
    private readonly Queue<IResumable> soon = new();
    private readonly List<IReady> starved = [];
    private readonly Stack<int> free = new();
    private readonly byte* events;
    private readonly int epoll;
    private readonly int bell;
    private readonly Thread thread;
    private IReady?[] ready = new IReady?[64];
    private uint[] generations = new uint[64];
    private int used;
    private int rung;
    private int spree;
    private long starvedAtMs;
    private bool stopping;
    private volatile bool ended;

    /// <summary>Starts the thread.</summary>
    /// <param name="lane">Its number among the transport's loops.</param>
    public Loop(int lane)
    {
        Lane = lane;
        epoll = Native.NewEpoll();
        bell = Native.NewBell();
        if (epoll < 0 || bell < 0 || Native.Control(epoll, Native.Add, bell, Native.In | Native.EdgeTriggered, BellData) != 0)
        {
            throw new IOException("The system gives no descriptors for an event loop.");
        }
        events = (byte*)NativeMemory.Alloc((nuint)(Batch * Native.EventBytes));
        thread = new Thread(Run) { IsBackground = true, Name = $"loop {lane}" };
        thread.Start();
    }

    public int Lane { get; }

    /// <summary>True on the loop's own thread.</summary>
    public bool IsCurrent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ReferenceEquals(current, this);
    }

    /// <summary><c>await loop.Enter()</c> goes on on the loop's thread; in place, if it is there already.</summary>
    public Entry Enter() => new(this);

    /// <summary>Runs something on the loop's thread; after the loop's end, in place. From any thread.</summary>
    public void Post(Action what)
    {
        posted.Enqueue(what);
        if (ended) RunPosted();
        else if (Interlocked.Exchange(ref rung, 1) == 0) Native.Ring(bell);
    }

    /// <summary>Ends the loop and all that belongs to it, and waits for that; from the loop's own thread, it ends after what runs now.</summary>
    public void Stop()
    {
        if (IsCurrent)
        {
            stopping = true;
            return;
        }
        Post(() => stopping = true);
        thread.Join();
    }

    /// <summary>Registers a descriptor. Its slot, or -1 where the kernel refuses.</summary>
    public int Add(IReady who, int descriptor)
    {
        if (!free.TryPop(out var slot))
        {
            slot = used++;
            if (slot == ready.Length)
            {
                Array.Resize(ref ready, slot * 2);
                Array.Resize(ref generations, slot * 2);
            }
        }
        if (ended || Native.Control(epoll, Native.Add, descriptor, Watched, ((ulong)generations[slot] << 32) | (uint)slot) != 0)
        {
            free.Push(slot);
            return -1;
        }
        ready[slot] = who;
        return slot;
    }

    /// <summary>Forgets a descriptor that is closed.</summary>
    public void Remove(int slot)
    {
        ready[slot] = null;
        generations[slot]++;
        free.Push(slot);
    }

    /// <summary>Stops reports for a descriptor whose socket lives on in another process.</summary>
    public void Silence(int descriptor) => _ = Native.Control(epoll, Native.Delete, descriptor, 0, 0);

    /// <summary>False when the flow that runs has had its turn; it is then to ask for <see cref="Later"/>.</summary>
    public bool MayGoOn() => spree++ < Spree;

    /// <summary>Calls <see cref="IReady.GoOn"/> after what runs now and what is ready now.</summary>
    public void Later(IReady who) => again.Enqueue(who);

    /// <summary>Runs something after all that is ready now. On the loop's thread.</summary>
    public void Soon(IResumable what) => soon.Enqueue(what);

    /// <summary>Calls <see cref="IReady.GoOn"/> in a while, because descriptors ran out.</summary>
    public void LaterStarved(IReady who)
    {
        if (starved.Count == 0) starvedAtMs = Environment.TickCount64;
        starved.Add(who);
    }

    private void Run()
    {
        current = this;
        while (!stopping)
        {
            var count = Native.epoll_wait(epoll, events, Batch, TimeoutMs());
            for (var index = 0; index < count; index++)
            {
                var entry = events + index * Native.EventBytes;
                var data = Native.DataOf(entry);
                spree = 0;
                if (data == BellData) RunPosted();
                else if (generations[(uint)data] == (uint)(data >> 32)) ready[(uint)data]?.Ready(Unsafe.ReadUnaligned<uint>(entry));
            }
            if (again.Count > 0) RunAgain();
            if (soon.Count > 0) RunSoon();
            if (starved.Count > 0 && Environment.TickCount64 - starvedAtMs >= StarvedMs) RunStarved();
        }
        End();
    }

    private int TimeoutMs() => again.Count > 0 || soon.Count > 0 ? 0 : starved.Count > 0 ? StarvedMs : -1;

    private void RunPosted()
    {
        Volatile.Write(ref rung, 0);
        Interlocked.MemoryBarrier();
        while (posted.TryDequeue(out var what)) what();
    }

    private void RunAgain()
    {
        // Those that are added meanwhile wait for the next round.
        for (var left = again.Count; left > 0; left--)
        {
            spree = 0;
            again.Dequeue().GoOn();
        }
    }

    private void RunSoon()
    {
        for (var left = soon.Count; left > 0; left--)
        {
            spree = 0;
            soon.Dequeue().Execute();
        }
    }

    private void RunStarved()
    {
        var all = starved.ToArray();
        starved.Clear();
        foreach (var one in all) one.GoOn();
    }

    private void End()
    {
        for (var slot = 0; slot < used; slot++) ready[slot]?.End();
        while (again.Count > 0 || soon.Count > 0 || !posted.IsEmpty)
        {
            RunAgain();
            RunSoon();
            RunPosted();
        }
        ended = true;
        RunPosted();
        _ = Native.close(epoll);
        _ = Native.close(bell);
        NativeMemory.Free(events);
    }

    /// <summary>Awaits a loop's thread.</summary>
    internal readonly struct Entry(Loop loop) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => loop.IsCurrent;

        public Entry GetAwaiter() => this;

        public void OnCompleted(Action continuation) => loop.Post(continuation);

        public void UnsafeOnCompleted(Action continuation) => loop.Post(continuation);

        public void GetResult()
        {
        }
    }
}
