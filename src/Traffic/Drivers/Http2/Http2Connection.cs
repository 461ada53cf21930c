using System.Net;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// One client's connection of HTTP/2 (RFC 9113): its reader, its streams and their end. Each stream is served by an ordinary
/// <see cref="ClientConnection"/> over a <see cref="StreamWire"/>, on the thread on which its frames arrived, so every station sees HTTP/1.1 and is written once.
/// </summary>
/// <remarks>
/// State is guarded by <see cref="Gate"/>, which is held for a frame at a time and never while a flow goes on. Nothing is allocated per stream: wires and
/// their connections are kept for the next one. Bounds: streams at a time <see cref="StreamsPerConnection"/>; a head as large as
/// HTTP/1.1's; HPACK's table 4 KiB; received and unread at most <see cref="StreamWindow"/> per stream and <see cref="ConnectionWindow"/> per
/// connection; what costs us more than the client by <see cref="FloodGuard"/>. An idle connection holds no buffer.
/// </remarks>
internal sealed class Http2Connection
{
    public const int StreamsPerConnection = 128;
    public const int StreamWindow = 256 * 1024;
    public const int ConnectionWindow = 1024 * 1024;
    private readonly Wire wire;
    private readonly Gateway gateway;
    private readonly Listener listener;
    private readonly FrameIntake intake;
    private readonly List<StreamWire> idle = [];
    private int unannounced;
    private int live;
    private long idleSinceMs;
    private long waitingSinceMs;
    private bool isRetiring;
    private bool isFinal;
    private bool isBroken;
    private TaskCompletionSource? empty;

    public Http2Connection(Gateway gateway, Listener listener, Wire wire)
    {
        this.gateway = gateway;
        this.listener = listener;
        this.wire = wire;
        Out = new Outlet(Gate, wire, gateway.Clock);
        intake = new FrameIntake(this, wire.Facts is not null);
        idleSinceMs = waitingSinceMs = gateway.Clock.CoarseMs;
    }

    public Lock Gate { get; } = new();

    public Outlet Out { get; }

    public PathLimits Limits => gateway.Limits;

    public IPEndPoint? Peer => wire.Peer;

    public WireFacts? Facts => wire.Facts;

    public int Lane => wire.Lane;

    /// <summary>Streams that are open on either side.</summary>
    public List<StreamWire> Active { get; } = [];

    /// <summary>Streams whose flow is not done with them; more than are active while some of them are given up.</summary>
    public int Busy { get; private set; }

    /// <summary>No more frames are taken.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What costs us more than the client.</summary>
    public FloodGuard Guard = new();

    /// <summary>The client goes: no more streams come.</summary>
    public bool IsLeft { get; set; }

    /// <summary>The last GOAWAY was said: further streams are not served.</summary>
    public bool IsClosed => isFinal;

    /// <summary>Reads frames until the connection is over and all its flows have ended. True when it ended by the client's fault, with a last word that must not be lost.</summary>
    public async Task<bool> RunAsync()
    {
        lock (Gate)
        {
            intake.Greet();
            Out.Schedule();
        }
        try
        {
            await ReadAsync();
        }
        finally
        {
            await EndAsync();
        }
        return isBroken;
    }

    /// <summary>Ends what is under way, waits for it, and sends the last word.</summary>
    private async Task EndAsync()
    {
        StreamWire[] broken;
        Task gone;
        lock (Gate)
        {
            IsOver = true;
            broken = [.. Active];
            Active.Clear();
            foreach (var stream in broken) stream.Break();
            foreach (var stream in idle) stream.Retire();
            idle.Clear();
            if (live > 0) empty = new TaskCompletionSource();
            gone = empty?.Task ?? Task.CompletedTask;
        }
        foreach (var stream in broken) stream.Left();
        await gone;
        Task drained;
        lock (Gate)
        {
            Out.Schedule();
            drained = Out.WhenDrained();
        }
        await drained;
    }

    /// <summary>Says that the connection is about to end; streams that come nevertheless are served for a while (RFC 9113 §6.8).</summary>
    public void Retire()
    {
        lock (Gate)
        {
            if (isRetiring || IsOver) return;
            isRetiring = true;
            Out.Pending.GoAway(int.MaxValue, Http2Error.None);
            Out.Schedule();
        }
    }

    /// <summary>The heartbeat's part: times, and what they give back.</summary>
    public void Tick(long nowMs, bool endIdle)
    {
        lock (Gate)
        {
            Guard.Earn(FloodGuard.EachBeat);
            if (Out.IsStalled(nowMs, (long)Limits.BodyStall.TotalMilliseconds)) wire.Close(reset: true);
            if (IsOver) return;
            if (waitingSinceMs != 0 && nowMs - waitingSinceMs > Limits.HeadRead.TotalMilliseconds) End(Http2Error.None);
            else if (Busy == 0 && nowMs - idleSinceMs > Limits.KeepAlive.TotalMilliseconds) End(Http2Error.None);
            else if (endIdle && isRetiring) EndWhenEmpty();
        }
    }

    /// <summary>Ends the connection for what the client did (§5.4.1). Under the lock, by the reader.</summary>
    public void Fail(Http2Error error)
    {
        if (IsOver) return;
        IsOver = isBroken = true;
        Out.Pending.GoAway(intake.LastStream, error);
        Out.Schedule();
    }

    /// <summary>Opens a stream. Under the lock.</summary>
    /// <returns>Its wire; new ones are to be started by <see cref="Start"/>.</returns>
    public StreamWire Open(out bool isNew)
    {
        isNew = idle.Count == 0;
        Busy++;
        var stream = isNew ? new StreamWire(this) : idle[^1];
        if (isNew) live++;
        else idle.RemoveAt(idle.Count - 1);
        Active.Add(stream);
        return stream;
    }

    /// <summary>Starts the flow of a new wire. Not under the lock.</summary>
    public void Start(StreamWire stream) => listener.StartStream(stream);

    /// <summary>The wire waits for its next stream. Under the lock.</summary>
    public void Idle(StreamWire stream) => idle.Add(stream);

    /// <summary>The wire does not wait any more. Under the lock.</summary>
    public void Forget(StreamWire stream) => idle.Remove(stream);

    /// <summary>Both sides have ended the stream. Under the lock.</summary>
    public void Closed(StreamWire stream)
    {
        if (Active.Remove(stream)) Guard.Earn(1);
    }

    /// <summary>Resets a stream whose flow still runs, or ran until now. Under the lock.</summary>
    public void ResetByUs(StreamWire stream, Http2Error error)
    {
        if (!Active.Remove(stream) || IsOver) return;
        intake.Reset(stream.Id, error, mayComeMore: !stream.IsRequestEnded);
        Out.Schedule();
    }

    /// <summary>A flow is done with its stream. Under the lock.</summary>
    public void Finished(StreamWire stream)
    {
        Active.Remove(stream);
        listener.Leave();
        if (--Busy > 0) return;
        idleSinceMs = gateway.Clock.CoarseMs;
        if (isFinal || IsLeft) EndWhenEmpty();
    }

    /// <summary>A stream is under way: it counts like a connection of its listener. False when there are too many.</summary>
    public bool TryCount() => listener.TryEnter();

    /// <summary>The flow of a wire has ended for good. From any thread.</summary>
    public void Gone()
    {
        TaskCompletionSource? last = null;
        lock (Gate)
        {
            if (--live == 0) last = empty;
        }
        // What waited goes on here, and takes the lock itself.
        last?.TrySetResult();
    }

    /// <summary>So many bytes of data were taken or thrown away: the client may send as many more. Under the lock.</summary>
    public void Credit(int bytes)
    {
        unannounced += bytes;
        if (unannounced < ConnectionWindow / 2) return;
        Out.Pending.WindowUpdate(0, unannounced);
        intake.Window += unannounced;
        unannounced = 0;
        Out.Schedule();
    }

    public void Soon(IResumable what) => wire.Soon(what);

    public void GoOn(IResumable what) => wire.GoOn(what);

    /// <summary>Ends the connection when no stream is open, after the final word. Under the lock.</summary>
    public void EndWhenEmpty()
    {
        if (IsOver) return;
        if (!isFinal)
        {
            isFinal = isRetiring = true;
            Out.Pending.GoAway(intake.LastStream, Http2Error.None);
            Out.Schedule();
        }
        if (Busy == 0 && Active.Count == 0) Stop();
    }

    private void End(Http2Error error)
    {
        Out.Pending.GoAway(intake.LastStream, error);
        Out.Schedule();
        Stop();
    }

    private void Stop()
    {
        IsOver = true;
        // The reader learns of it by the end of what it waits for.
        wire.StopReceiving();
    }

    private async Task ReadAsync()
    {
        byte[] buffer = [];
        var (start, end) = (0, 0);
        while (!IsOver)
        {
            if (start == end)
            {
                (start, end) = (0, 0);
                if (wire.WaitsWithoutBuffer)
                {
                    if (buffer.Length > 0) Buffers.Return(buffer);
                    buffer = [];
                    if (await wire.ReadableAsync() < 0) break;
                }
            }
            MakeRoom(ref buffer, ref start, ref end);
            var received = await wire.ReceiveAsync(buffer.AsMemory(end));
            if (received <= 0) break;
            end += received;
            var taken = intake.Take(buffer.AsSpan(start, end - start));
            start += taken;
            // Each frame, and a head however many it takes, has so long to become whole.
            if (start == end && !intake.IsWaiting) waitingSinceMs = 0;
            else if (waitingSinceMs == 0 || (taken > 0 && !intake.IsWaiting)) waitingSinceMs = gateway.Clock.CoarseMs;
        }
        intake.End();
        if (buffer.Length > 0) Buffers.Return(buffer);
    }

    private static void MakeRoom(ref byte[] buffer, ref int start, ref int end)
    {
        if (buffer.Length == 0)
        {
            buffer = Buffers.Rent();
            return;
        }
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end < buffer.Length) return;
        // A frame as large as it may be, and its head.
        var larger = Buffers.Rent(buffer.Length * 2);
        buffer.AsSpan(0, end).CopyTo(larger);
        Buffers.Return(buffer);
        buffer = larger;
    }
}
