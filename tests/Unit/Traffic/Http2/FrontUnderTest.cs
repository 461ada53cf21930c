using System.Text;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;
using Shouldly;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>One HTTP/2 connection to a gateway in memory, frame by frame, with a clock of the test's.</summary>
sealed class FrontUnderTest : IAsyncDisposable
{
    readonly Gateway gateway;
    readonly MemoryWire wire;
    readonly List<byte> sent = [];
    readonly HpackDecoder decoder = new(HpackEncoder.MostTable);
    Task running = Task.CompletedTask;

    public FrontUnderTest(PathLimits? limits = null, bool hello = true)
    {
        gateway = new Gateway(Network, limits, Time);
        gateway.Apply(new TableModel(
            1, [new ListenerModel("gateway", "127.0.0.1", 1, ListenerKind.Gateway)], [Routes.All()], [new ClusterModel("s", [new EndpointModel("one", "127.0.0.1", 2)], Routes.RoundRobin)]));
        wire = new MemoryWire(Network, new WireFacts("1.3", "h2", "a.test", null)) { Sent = bytes => sent.AddRange(bytes) };
        var connection = new ClientConnection(gateway, gateway.Find("gateway")!, wire, 1);
        gateway.Remember(connection);
        Network.Run(() => running = connection.RunAsync());
        if (hello) Send(Frames.Hello);
    }

    public MemoryNetwork Network { get; } = new();

    public FakeTime Time { get; } = new();

    public Gateway Gateway => gateway;

    public MemoryWire Wire => wire;

    /// <summary>All frames that came, in order.</summary>
    public List<Frame> Received { get; } = [];

    /// <summary>GOAWAY's error, once it came.</summary>
    public Http2Error? Gone => Received.LastOrDefault(frame => frame.Type == FrameType.GoAway)?.Error;

    /// <summary>Sends all of it in one piece and lets everything happen that follows.</summary>
    public void Send(params byte[][] frames)
    {
        wire.Give(frames.SelectMany(frame => frame).ToArray());
        Run();
    }

    public void Run()
    {
        Network.Run();
        Read();
    }

    public void Advance(TimeSpan by)
    {
        for (var left = by; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(100))
        {
            Network.Run(() => Time.Advance(TimeSpan.FromMilliseconds(100)));
            Read();
        }
    }

    /// <summary>RST_STREAM's error for a stream, if it came.</summary>
    public Http2Error? ResetOf(int stream) => Received.FirstOrDefault(frame => frame.Type == FrameType.ResetStream && frame.Stream == stream)?.Error;

    /// <summary>The data that came on a stream.</summary>
    public string Data(int stream) => Encoding.Latin1.GetString([.. Received.Where(frame => frame.Type == FrameType.Data && frame.Stream == stream).SelectMany(frame => frame.Payload)]);

    public bool IsEnded(int stream) => Received.Any(frame => frame.Stream == stream && frame.Type is FrameType.Data or FrameType.Headers && frame.Ends);

    /// <summary>The fields of each block of a stream, as lines.</summary>
    public List<string> Heads(int stream) => heads.GetValueOrDefault(stream, []);

    /// <summary>Lets time go on until the connection is over.</summary>
    public async Task WhenOverAsync()
    {
        for (var beats = 0; beats < 1000 && !running.IsCompleted; beats++) Advance(TimeSpan.FromMilliseconds(100));
        // The end of a connection passes through the thread pool, which the test's clock does not wait for: the beat after that ends it.
        await Until.DoneAsync(running, () => Advance(TimeSpan.FromMilliseconds(100)), "the connection ends");
    }

    public async ValueTask DisposeAsync()
    {
        wire.End();
        await WhenOverAsync();
        gateway.Connections.ShouldBe(0);
        Network.Malformed.ShouldBeEmpty();
        await gateway.DisposeAsync();
        gateway.LastFault.ShouldBeNull();
    }

    readonly Dictionary<int, List<string>> heads = [];

    void Read()
    {
        var bytes = sent.ToArray().AsSpan();
        while (bytes.Length >= FrameHead.Bytes)
        {
            var head = FrameHead.Read(bytes);
            if (bytes.Length < FrameHead.Bytes + head.Length) break;
            var frame = new Frame(head.Type, head.Flags, head.Stream, bytes.Slice(FrameHead.Bytes, head.Length).ToArray());
            Received.Add(frame);
            if (frame.Type == FrameType.Headers)
            {
                var lines = new Lines();
                decoder.Decode(frame.Payload, lines).ShouldBeTrue();
                if (!heads.TryGetValue(frame.Stream, out var known)) heads[frame.Stream] = known = [];
                known.Add(string.Join("\n", lines.All));
            }
            bytes = bytes[(FrameHead.Bytes + head.Length)..];
        }
        sent.RemoveRange(0, sent.Count - bytes.Length);
    }

    sealed class Lines : IFields
    {
        public List<string> All { get; } = [];

        public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => All.Add($"{Encoding.Latin1.GetString(name)}: {Encoding.Latin1.GetString(value)}");
    }
}
