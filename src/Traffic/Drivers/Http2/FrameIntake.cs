using System.Buffers.Binary;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// What the client's frames do (RFC 9113 §5 and §6): opens, feeds, ends and breaks streams, answers what is to be answered, and ends the connection
/// for what is an error of it. Belongs to the connection's reader.
/// </summary>
internal sealed class FrameIntake(Http2Connection connection, bool isSecure)
{
    /// <summary>Beyond what a head may have as text, so that one that is a little too large is answered and not cut.</summary>
    private const int BlockExtra = 16 * 1024;

    /// <summary>Streams that we reset and that may still get frames which were on their way; of so many we know.</summary>
    private const int KnownResets = 256;

    /// <summary>Streams that are given up but whose flows have not ended count too, up to here.</summary>
    private const int MostBusy = 2 * Http2Connection.StreamsPerConnection;

    private static readonly byte[] Settings = MakeSettings();
    private readonly HpackDecoder decoder = new(HpackEncoder.MostTable);
    private readonly List<(StreamWire Stream, bool IsNew)> begun = [];
    private readonly Queue<int> resets = new();
    private bool hasPreface;
    private bool hasSettings;
    private byte[] block = [];
    private int blockLength;
    private int blockStream;
    private bool blockEnds;
    private int dataLeft;
    private int paddingLeft;
    private bool dataEnds;
    private bool isInData;
    private StreamWire? dataStream;
    private bool isPumped;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private OutBuffer Pending => connection.Out.Pending;

    /// <summary>The highest stream that the client opened.</summary>
    public int LastStream { get; private set; }

    /// <summary>What the client may still send on the connection.</summary>
    public int Window { get; set; } = Http2Connection.ConnectionWindow;

    /// <summary>A head has begun and is not whole, or the client has not said its first word.</summary>
    public bool IsWaiting => blockStream != 0 || !hasSettings;

    /// <summary>Puts our first word (§3.4). Under the lock.</summary>
    public void Greet()
    {
        Pending.Frame(FrameType.Settings, 0, 0, Settings);
        Pending.WindowUpdate(0, Http2Connection.ConnectionWindow - PeerSettings.DefaultWindow);
    }

    /// <summary>Gives back what is held.</summary>
    public void End()
    {
        if (block.Length > 0) Buffers.Return(block);
        block = [];
    }

    /// <summary>Takes what arrived, as far as it is whole frames or data, and lets flows go on for which there is something. Returns the bytes taken.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        var total = 0;
        while (true)
        {
            StreamWire? who = null;
            var received = 0;
            var isLeft = false;
            int taken;
            lock (connection.Gate)
            {
                taken = connection.IsOver ? 0 : TakeOne(bytes[total..], out who, out isLeft);
                if (taken == 0 && !connection.IsOver) connection.Out.Schedule();
                if (who is not null && !isLeft && !who.TryWake(out received)) who = null;
            }
            total += taken;
            if (isLeft) who!.Left();
            else who?.CompleteReceive(received);
            if (taken == 0) break;
        }
        // Streams begin when all that came with them is there: a small body is then as whole as one of HTTP/1.1 in one piece, and one that was reset at once costs nothing.
        foreach (var (stream, isNew) in begun)
        {
            if (isNew) connection.Start(stream);
            else stream.Start();
        }
        begun.Clear();
        if (!isPumped) return total;
        isPumped = false;
        connection.Out.Pump();
        return total;
    }

    /// <summary>Resets a stream. Under the lock.</summary>
    public void Reset(int id, Http2Error error, bool mayComeMore)
    {
        Pending.Reset(id, error);
        if (!mayComeMore) return;
        if (resets.Count == KnownResets) resets.Dequeue();
        resets.Enqueue(id);
    }

    /// <summary>One frame, or a piece of data; 0 where more must arrive or the connection is over.</summary>
    /// <param name="bytes">What is there.</param>
    /// <param name="who">A stream for which there may be something now.</param>
    /// <param name="isLeft">The stream broke.</param>
    private int TakeOne(ReadOnlySpan<byte> bytes, out StreamWire? who, out bool isLeft)
    {
        who = null;
        isLeft = false;
        if (!hasPreface) return TakePreface(bytes);
        if (isInData) return bytes.IsEmpty ? 0 : TakeData(bytes, ref who, ref isLeft);
        if (bytes.Length < FrameHead.Bytes) return 0;
        var head = FrameHead.Read(bytes);
        if (head.Length > FrameHead.MostPayload) return Fail(Http2Error.FrameSize);
        // §3.4 and §6.10: what must come first, and what must come next.
        if (!hasSettings && (head.Type != FrameType.Settings || head.Has(FrameHead.Ack))) return Fail(Http2Error.Protocol);
        if (blockStream != 0 ? head.Type != FrameType.Continuation || head.Stream != blockStream : head.Type == FrameType.Continuation) return Fail(Http2Error.Protocol);
        if (head.Type == FrameType.Data) return BeginData(head, bytes, ref who, ref isLeft);
        var whole = FrameHead.Bytes + head.Length;
        if (bytes.Length < whole) return 0;
        var error = TakeFrame(head, bytes[FrameHead.Bytes..whole], ref who, ref isLeft);
        return error == Http2Error.None ? whole : Fail(error);
    }

    private Http2Error TakeFrame(FrameHead head, ReadOnlySpan<byte> payload, ref StreamWire? who, ref bool isLeft)
    {
        switch (head.Type)
        {
            case FrameType.Headers:
                return TakeHeaders(head, payload, ref who, ref isLeft);
            case FrameType.Continuation:
                return TakeContinuation(head, payload, ref who, ref isLeft);
            case FrameType.Priority:
                if (head.Stream == 0) return Http2Error.Protocol;
                return payload.Length != 5 ? Http2Error.FrameSize : Charge();
            case FrameType.ResetStream:
                return TakeReset(head, payload, ref who, ref isLeft);
            case FrameType.Settings:
                return TakeSettings(head, payload);
            case FrameType.Ping:
                return TakePing(head, payload);
            case FrameType.GoAway:
                if (head.Stream != 0) return Http2Error.Protocol;
                if (payload.Length < 8) return Http2Error.FrameSize;
                connection.IsLeft = true;
                if (connection.Busy == 0) connection.EndWhenEmpty();
                return Http2Error.None;
            case FrameType.WindowUpdate:
                return TakeWindowUpdate(head, payload, ref who, ref isLeft);
            case FrameType.PushPromise:
                return Http2Error.Protocol;
            default:
                // §4.1: what is not known is ignored, but not for free.
                return Charge();
        }
    }

    private int TakePreface(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Preface[..Math.Min(bytes.Length, Preface.Length)])) return Fail(Http2Error.Protocol);
        if (bytes.Length < Preface.Length) return 0;
        hasPreface = true;
        return Preface.Length;
    }

    /// <summary>§6.1. Data is taken as it arrives; a frame need not be whole.</summary>
    private int BeginData(FrameHead head, ReadOnlySpan<byte> bytes, ref StreamWire? who, ref bool isLeft)
    {
        if (head.Stream == 0 || head.Stream > LastStream || head.Stream % 2 == 0) return Fail(Http2Error.Protocol);
        var padding = 0;
        var used = FrameHead.Bytes;
        if (head.Has(FrameHead.Padded))
        {
            if (head.Length == 0) return Fail(Http2Error.FrameSize);
            if (bytes.Length <= used) return 0;
            padding = bytes[used++];
            if (padding >= head.Length) return Fail(Http2Error.Protocol);
        }
        if ((Window -= head.Length) < 0) return Fail(Http2Error.FlowControl);
        if (head.Length == 0 && !head.Has(FrameHead.EndStream) && !connection.Guard.Spend()) return Fail(Http2Error.EnhanceYourCalm);
        dataStream = Find(head.Stream);
        if (dataStream is null && !resets.Contains(head.Stream)) return Fail(Http2Error.StreamClosed);
        if (dataStream is { } stream)
        {
            stream.ReceiveWindow -= head.Length;
            var error = stream.IsRequestEnded ? Http2Error.StreamClosed : stream.ReceiveWindow < 0 ? Http2Error.FlowControl : Http2Error.None;
            if (error != Http2Error.None) Break(error, ref who, ref isLeft);
        }
        if (head.Has(FrameHead.Padded))
        {
            if (dataStream is null) connection.Credit(padding + 1);
            else dataStream.Credit(padding + 1);
        }
        isInData = true;
        dataEnds = head.Has(FrameHead.EndStream);
        paddingLeft = padding;
        dataLeft = head.Length - padding - (used - FrameHead.Bytes);
        if (dataLeft + paddingLeft == 0) TakeData([], ref who, ref isLeft);
        return used;
    }

    private int TakeData(ReadOnlySpan<byte> bytes, ref StreamWire? who, ref bool isLeft)
    {
        var run = Math.Min(dataLeft, bytes.Length);
        if (run > 0)
        {
            if (dataStream is { } stream)
            {
                if (stream.IsGone) dataStream = null;
                else if (stream.Arrive(bytes[..run])) who = stream;
                else Break(Http2Error.Protocol, ref who, ref isLeft);
            }
            if (dataStream is null) connection.Credit(run);
        }
        dataLeft -= run;
        var skipped = Math.Min(paddingLeft, bytes.Length - run);
        paddingLeft -= skipped;
        if (dataLeft + paddingLeft > 0) return run + skipped;
        isInData = false;
        if (dataEnds && dataStream is { IsGone: false } ended)
        {
            who = ended;
            if (!ended.EndRequest([])) Break(Http2Error.Protocol, ref who, ref isLeft);
        }
        dataStream = null;
        return run + skipped;
    }

    private void Break(Http2Error error, ref StreamWire? who, ref bool isLeft)
    {
        who = dataStream!;
        isLeft = true;
        dataStream = null;
        BreakStream(who, error);
    }

    /// <summary>§6.2.</summary>
    private Http2Error TakeHeaders(FrameHead head, ReadOnlySpan<byte> payload, ref StreamWire? who, ref bool isLeft)
    {
        if (head.Stream % 2 == 0) return Http2Error.Protocol;
        var padding = 0;
        if (head.Has(FrameHead.Padded))
        {
            if (payload.IsEmpty) return Http2Error.FrameSize;
            padding = payload[0];
            payload = payload[1..];
        }
        if (head.Has(FrameHead.HasPriority))
        {
            if (payload.Length < 5) return Http2Error.FrameSize;
            payload = payload[5..];
        }
        if (padding > payload.Length) return Http2Error.Protocol;
        payload = payload[..^padding];
        if (head.Has(FrameHead.EndHeaders)) return TakeBlock(head.Stream, payload, head.Has(FrameHead.EndStream), ref who, ref isLeft);
        blockStream = head.Stream;
        blockEnds = head.Has(FrameHead.EndStream);
        return AddToBlock(payload);
    }

    /// <summary>§6.10. Each costs something, so that a head cannot come in any number of them.</summary>
    private Http2Error TakeContinuation(FrameHead head, ReadOnlySpan<byte> payload, ref StreamWire? who, ref bool isLeft)
    {
        if (!connection.Guard.Spend()) return Http2Error.EnhanceYourCalm;
        var error = AddToBlock(payload);
        if (error != Http2Error.None || !head.Has(FrameHead.EndHeaders)) return error;
        var stream = blockStream;
        blockStream = 0;
        error = TakeBlock(stream, block.AsSpan(0, blockLength), blockEnds, ref who, ref isLeft);
        End();
        blockLength = 0;
        return error;
    }

    private Http2Error AddToBlock(ReadOnlySpan<byte> payload)
    {
        if (blockLength + payload.Length > connection.Limits.HeadBytes + BlockExtra) return Http2Error.EnhanceYourCalm;
        if (blockLength + payload.Length > block.Length)
        {
            var larger = Buffers.Rent(Math.Max((blockLength + payload.Length) * 2, Buffers.Usual));
            block.AsSpan(0, blockLength).CopyTo(larger);
            End();
            block = larger;
        }
        payload.CopyTo(block.AsSpan(blockLength));
        blockLength += payload.Length;
        return Http2Error.None;
    }

    /// <summary>A whole block of fields: a request's head, its trailers, or what has to be decoded for the table's sake alone.</summary>
    private Http2Error TakeBlock(int id, ReadOnlySpan<byte> fields, bool ends, ref StreamWire? who, ref bool isLeft)
    {
        if (id > LastStream)
        {
            if (connection.IsClosed) return decoder.Decode(fields, Nothing.Instance) ? Http2Error.None : Http2Error.Compression;
            LastStream = id;
            return TakeRequest(id, fields, ends);
        }
        var stream = Find(id);
        // §5.1: on a stream that is closed, but for those that we closed a moment ago.
        if (stream is null && !resets.Contains(id)) return Http2Error.StreamClosed;
        var lines = LocalPool<TrailerLines>.Rent() ?? new TrailerLines();
        lines.Begin();
        var isDecoded = decoder.Decode(fields, lines);
        if (isDecoded && stream is not null)
        {
            // §8.1: trailers end the stream.
            var error = stream.IsRequestEnded ? Http2Error.StreamClosed : !ends || lines.IsMalformed || !stream.EndRequest(lines.Lines) ? Http2Error.Protocol : Http2Error.None;
            who = stream;
            isLeft = error != Http2Error.None;
            if (isLeft) BreakStream(stream, error);
        }
        lines.End();
        LocalPool<TrailerLines>.Return(lines);
        return isDecoded ? Http2Error.None : Http2Error.Compression;
    }

    private Http2Error TakeRequest(int id, ReadOnlySpan<byte> fields, bool ends)
    {
        var lines = LocalPool<RequestLines>.Rent() ?? new RequestLines();
        lines.Begin(isSecure, connection.Limits);
        var isDecoded = decoder.Decode(fields, lines);
        var isWell = lines.Finish(ends, out var text, out var length);
        var (contentLength, key) = (lines.ContentLength, lines.Key);
        LocalPool<RequestLines>.Return(lines);
        if (isDecoded && isWell && connection.Active.Count < Http2Connection.StreamsPerConnection && connection.Busy < MostBusy && connection.TryCount())
        {
            var stream = connection.Open(out var isNew);
            stream.Begin(id, text, length, contentLength, ends, key);
            begun.Add((stream, isNew));
            return Http2Error.None;
        }
        if (isWell) Buffers.Return(text);
        if (!isDecoded) return Http2Error.Compression;
        Reset(id, isWell ? Http2Error.RefusedStream : Http2Error.Protocol, mayComeMore: !ends);
        return Charge();
    }

    /// <summary>§6.4.</summary>
    private Http2Error TakeReset(FrameHead head, ReadOnlySpan<byte> payload, ref StreamWire? who, ref bool isLeft)
    {
        if (head.Stream == 0 || head.Stream > LastStream || head.Stream % 2 == 0) return Http2Error.Protocol;
        if (payload.Length != 4) return Http2Error.FrameSize;
        if (Find(head.Stream) is { } stream)
        {
            connection.Active.Remove(stream);
            stream.Break();
            who = stream;
            isLeft = true;
        }
        return Charge();
    }

    /// <summary>§6.5.</summary>
    private Http2Error TakeSettings(FrameHead head, ReadOnlySpan<byte> payload)
    {
        if (head.Stream != 0) return Http2Error.Protocol;
        if (head.Has(FrameHead.Ack)) return payload.IsEmpty ? Charge() : Http2Error.FrameSize;
        if (payload.Length % 6 != 0) return Http2Error.FrameSize;
        hasSettings = true;
        var peer = connection.Out.Peer;
        var before = peer.InitialWindow;
        var error = peer.Take(payload);
        if (error != Http2Error.None) return error;
        // §6.9.2: for streams that are open too; it may become negative.
        foreach (var stream in connection.Active)
        {
            stream.SendWindow += peer.InitialWindow - before;
            if (stream.SendWindow > int.MaxValue) return Http2Error.FlowControl;
        }
        connection.Out.Encoder.Resize(peer.TableSize);
        Pending.Frame(FrameType.Settings, FrameHead.Ack, 0, []);
        isPumped = true;
        return Charge();
    }

    /// <summary>§6.7.</summary>
    private Http2Error TakePing(FrameHead head, ReadOnlySpan<byte> payload)
    {
        if (head.Stream != 0) return Http2Error.Protocol;
        if (payload.Length != 8) return Http2Error.FrameSize;
        if (!head.Has(FrameHead.Ack)) Pending.Frame(FrameType.Ping, FrameHead.Ack, 0, payload);
        return Charge();
    }

    /// <summary>§6.9.</summary>
    private Http2Error TakeWindowUpdate(FrameHead head, ReadOnlySpan<byte> payload, ref StreamWire? who, ref bool isLeft)
    {
        if (payload.Length != 4) return Http2Error.FrameSize;
        var increment = BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue;
        isPumped = true;
        if (head.Stream == 0)
        {
            if (increment == 0) return Http2Error.Protocol;
            connection.Out.Window += increment;
            return connection.Out.Window > int.MaxValue ? Http2Error.FlowControl : Http2Error.None;
        }
        if (head.Stream > LastStream || head.Stream % 2 == 0) return Http2Error.Protocol;
        if (Find(head.Stream) is not { } stream) return Http2Error.None;
        stream.SendWindow += increment;
        var error = increment == 0 ? Http2Error.Protocol : stream.SendWindow > int.MaxValue ? Http2Error.FlowControl : Http2Error.None;
        if (error == Http2Error.None) return error;
        who = stream;
        isLeft = true;
        BreakStream(stream, error);
        return Charge();
    }

    private void BreakStream(StreamWire stream, Http2Error error)
    {
        connection.ResetByUs(stream, error);
        stream.Break();
        if (!connection.Guard.Spend()) connection.Fail(Http2Error.EnhanceYourCalm);
    }

    private StreamWire? Find(int id)
    {
        foreach (var stream in connection.Active)
        {
            if (stream.Id == id) return stream;
        }
        return null;
    }

    private Http2Error Charge() => connection.Guard.Spend() ? Http2Error.None : Http2Error.EnhanceYourCalm;

    private int Fail(Http2Error error)
    {
        connection.Fail(error);
        return 0;
    }

    /// <summary>§6.5.2: MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE; RFC 8441 §3: ENABLE_CONNECT_PROTOCOL; the rest is what the standard begins with.</summary>
    private static byte[] MakeSettings()
    {
        var settings = new byte[18];
        BinaryPrimitives.WriteUInt16BigEndian(settings, 3);
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(2), Http2Connection.StreamsPerConnection);
        BinaryPrimitives.WriteUInt16BigEndian(settings.AsSpan(6), 4);
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(8), Http2Connection.StreamWindow);
        BinaryPrimitives.WriteUInt16BigEndian(settings.AsSpan(12), 8);
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(14), 1);
        return settings;
    }

    /// <summary>Takes fields that nobody needs.</summary>
    private sealed class Nothing : IFields
    {
        public static readonly Nothing Instance = new();

        public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
        }
    }
}
