using System.Net;
using System.Threading.Tasks.Sources;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Bench.Traffic;

/// <summary>The whole plain exchange for a client of HTTP/2: ten streams at a time on one connection, 1 KB back on each.</summary>
internal sealed class Http2ExchangeBenchmark : IBenchmark
{
    private const int AtATime = 10;
    private readonly MemoryTransport transport = new(Samples.Request, Samples.Response, suspends: true);
    private StreamClient? client;
    private Gateway? gateway;

    public string Name => "traffic/exchange-http2";

    public void Setup()
    {
        gateway = new Gateway(transport);
        gateway.Apply(Samples.Table);
        client = new StreamClient(transport, AtATime);
        var connection = new ClientConnection(gateway, gateway.Find("gateway")!, client, 1);
        gateway.Remember(connection);
        _ = connection.RunAsync();
    }

    public void Run(int iterations)
    {
        client!.Give(iterations);
        transport.RunPending();
        if (gateway!.Connections != 1 || client.Left > 0) throw new InvalidOperationException("The connection ended.", gateway.LastFault);
    }

    /// <summary>Sends some requests at a time, each lot when the one before was answered.</summary>
    private sealed class StreamClient(MemoryTransport network, int atATime) : Wire, IResumable, IValueTaskSource<int>
    {
        private readonly byte[] request = Request();
        private ManualResetValueTaskSourceCore<int> core;
        private Memory<byte> into;
        private bool isWaiting;
        private bool waitsForBytes;
        private bool hasBegun;
        private int stream = 1;
        private int open;

        public int Left { get; private set; }

        public Action Action => Execute;

        public override IPEndPoint? Peer { get; } = new(IPAddress.Loopback, 1);

        public override WireFacts? Facts { get; } = new("1.3", "h2", "", null);

        public override bool WaitsWithoutBuffer => true;

        public override bool IsReadable => false;

        public override bool IsEnded => false;

        private bool IsReady => !hasBegun || (Left > 0 && open == 0);

        public void Give(int requests)
        {
            Left += requests;
            Wake();
        }

        public override ValueTask<int> ReadableAsync() => Wait(forBytes: false);

        public override ValueTask<int> ReceiveAsync(Memory<byte> buffer)
        {
            into = buffer;
            return IsReady ? new ValueTask<int>(Fill()) : Wait(forBytes: true);
        }

        public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
        {
            for (var rest = bytes.Span; !rest.IsEmpty;)
            {
                var head = FrameHead.Read(rest);
                if (head.Type is FrameType.Data or FrameType.Headers && head.Has(FrameHead.EndStream)) open--;
                rest = rest[(FrameHead.Bytes + head.Length)..];
            }
            Wake();
            return new ValueTask<int>(bytes.Length);
        }

        public override void GoOn(IResumable what) => network.Post(what);

        public void Execute() => core.SetResult(waitsForBytes ? Fill() : 0);

        public override void EndSending()
        {
        }

        public override void StopReceiving()
        {
        }

        public override void Close(bool reset = false)
        {
        }

        int IValueTaskSource<int>.GetResult(short token)
        {
            var result = core.GetResult(token);
            core.Reset();
            return result;
        }

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => core.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(Action<object?> next, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(next, state, token, ValueTaskSourceOnCompletedFlags.None);

        private ValueTask<int> Wait(bool forBytes)
        {
            waitsForBytes = forBytes;
            isWaiting = true;
            Wake();
            return new ValueTask<int>(this, core.Version);
        }

        private void Wake()
        {
            if (!isWaiting || !IsReady) return;
            isWaiting = false;
            network.Post(this);
        }

        private int Fill()
        {
            var room = into.Span;
            var length = 0;
            if (!hasBegun)
            {
                hasBegun = true;
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.CopyTo(room);
                new FrameHead(0, FrameType.Settings, 0, 0).Write(room[24..]);
                return 24 + FrameHead.Bytes;
            }
            for (; open < atATime && Left > 0; open++, Left--, stream += 2)
            {
                new FrameHead(request.Length, FrameType.Headers, FrameHead.EndHeaders | FrameHead.EndStream, stream).Write(room[length..]);
                request.CopyTo(room[(length + FrameHead.Bytes)..]);
                length += FrameHead.Bytes + request.Length;
            }
            new FrameHead(4, FrameType.WindowUpdate, 0, 0).Write(room[length..]);
            ReadOnlySpan<byte> increment = [0, 0, (byte)(open * 4), 0];
            increment.CopyTo(room[(length + FrameHead.Bytes)..]);
            return length + FrameHead.Bytes + increment.Length;
        }

        private static byte[] Request()
        {
            var (encoder, into) = (new HpackEncoder(), new OutBuffer());
            foreach (var (name, value) in new[]
            {
                (":method", "GET"), (":scheme", "https"), (":authority", "shop.example.test"), (":path", "/api/orders/4711?expand=lines"), ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
                ("accept", "application/json"), ("accept-encoding", "gzip, br"), ("accept-language", "en"), ("cookie", "session=0123456789abcdef"),
            }) encoder.Field(into, System.Text.Encoding.ASCII.GetBytes(name), System.Text.Encoding.ASCII.GetBytes(value));
            return into.Memory.ToArray();
        }
    }
}
