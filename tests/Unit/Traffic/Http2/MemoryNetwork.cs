using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Epoll;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>
/// A network in memory on the test's own thread: what is ready runs in <see cref="Run"/>, one thing after the other, so a test sees every
/// exchange in the same order each time. Its endpoints check that each request they get is whole and well-formed HTTP/1.1.
/// </summary>
sealed class MemoryNetwork : ITransport
{
    readonly ConcurrentQueue<Action> ready = new();

    /// <summary>What an endpoint answers to a request (head and body as text); null for nothing.</summary>
    public Func<string, string?> Answer { get; set; } = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>The requests that endpoints got whole, in order.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Bytes that endpoints got and that no request could begin or go on with.</summary>
    public List<string> Malformed { get; } = [];

    /// <summary>Connections to endpoints.</summary>
    public List<MemoryWire> Endpoints { get; } = [];

    public void Post(Action what) => ready.Enqueue(what);

    /// <summary>Runs until nothing is ready any more.</summary>
    public void Run() => Run(static () => { });

    /// <summary>Does something, and then runs until nothing is ready any more. What is awaited meanwhile goes on here too, and not in the thread pool.</summary>
    public void Run(Action first)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new Here(this));
        try
        {
            first();
            while (ready.TryDequeue(out var what)) what();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    public Opened Listen(IPEndPoint at, bool isComing = false) => new(new NoDoor(at), null);

    public ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt)
    {
        var endpoint = new MemoryEndpoint(this);
        var wire = new MemoryWire(this, null) { Sent = endpoint.Take };
        endpoint.Wire = wire;
        Endpoints.Add(wire);
        return new ValueTask<Wire?>(wire);
    }

    sealed class Here(MemoryNetwork network) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => network.Post(() => d(state));
    }

    sealed class NoDoor(IPEndPoint at) : IDoor
    {
        public IPEndPoint At => at;

        public ValueTask<Wire?> AcceptAsync(int lane = 0) => new((Wire?)null);

        public void Close(bool forget)
        {
        }
    }

    /// <summary>Reads requests strictly and answers each that is whole.</summary>
    sealed class MemoryEndpoint(MemoryNetwork network)
    {
        readonly List<byte> received = [];

        public MemoryWire Wire { get; set; } = null!;

        public void Take(ReadOnlySpan<byte> bytes)
        {
            received.AddRange(bytes);
            while (received.Count > 0)
            {
                var all = received.ToArray();
                var head = new RequestHead();
                head.Reset();
                var status = head.Parse(all, new PathLimits { HeadBytes = 64 * 1024, Headers = 200 });
                var body = status == ParseStatus.Complete ? RequestBody.Begin(head, all.AsSpan(head.Length)) : default;
                if (status == ParseStatus.Bad || body.IsBad) network.Malformed.Add(Encoding.Latin1.GetString(all));
                if (status != ParseStatus.Complete || !body.IsComplete || body.IsBad) return;
                var length = head.Length + body.Buffered;
                var request = Encoding.Latin1.GetString(all, 0, length);
                network.Requests.Add(request);
                received.RemoveRange(0, length);
                if (network.Answer(request) is { } answer) Wire.Give(Encoding.Latin1.GetBytes(answer));
            }
        }
    }
}

/// <summary>One end of a connection in memory: a test gives what is received and sees what is sent.</summary>
sealed class MemoryWire(MemoryNetwork network, WireFacts? facts) : Wire
{
    readonly Waiter receiving = new();
    readonly Waiter sending = new();
    readonly List<byte> incoming = [];
    Memory<byte> into;
    bool isWaiting;
    bool waitsForBytes;
    bool hasEnded;
    int held = -1;

    public delegate void Taking(ReadOnlySpan<byte> bytes);

    public Taking Sent { get; set; } = static _ => { };

    /// <summary>What is sent stays on its way until it is false again.</summary>
    public bool Stalls { get; set; }

    public bool IsClosed { get; private set; }

    public bool WasReset { get; private set; }

    public override IPEndPoint? Peer { get; } = new(IPAddress.Loopback, 1);

    public override WireFacts? Facts => facts;

    public override bool WaitsWithoutBuffer => true;

    public override bool IsReadable => incoming.Count > 0;

    public override bool IsEnded => IsClosed;

    public void Give(ReadOnlySpan<byte> bytes)
    {
        incoming.AddRange(bytes);
        Wake();
    }

    public void End()
    {
        hasEnded = true;
        Wake();
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        if (IsClosed || incoming.Count > 0 || hasEnded) return new ValueTask<int>(Take(buffer.Span));
        (into, isWaiting, waitsForBytes) = (buffer, true, true);
        return receiving.Begin();
    }

    public override ValueTask<int> ReadableAsync()
    {
        if (IsClosed) return new ValueTask<int>(Broken);
        if (incoming.Count > 0 || hasEnded) return new ValueTask<int>(0);
        (isWaiting, waitsForBytes) = (true, false);
        return receiving.Begin();
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (IsClosed) return new ValueTask<int>(Broken);
        Sent(bytes.Span);
        if (!Stalls) return new ValueTask<int>(bytes.Length);
        held = bytes.Length;
        return sending.Begin();
    }

    public override void GoOn(IResumable what) => network.Post(what.Action);

    public override void EndSending()
    {
    }

    public override void StopReceiving() => End();

    public override void Close(bool reset = false)
    {
        if (IsClosed) return;
        IsClosed = true;
        WasReset = reset;
        Wake();
        if (held < 0) return;
        held = -1;
        network.Post(() => sending.Complete(Broken));
    }

    int Take(Span<byte> buffer)
    {
        if (IsClosed) return Broken;
        var length = Math.Min(incoming.Count, buffer.Length);
        incoming.GetRange(0, length).ToArray().CopyTo(buffer);
        incoming.RemoveRange(0, length);
        return length;
    }

    void Wake()
    {
        if (!isWaiting) return;
        isWaiting = false;
        network.Post(() => receiving.Complete(waitsForBytes ? Take(into.Span) : IsClosed ? Broken : 0));
    }
}
