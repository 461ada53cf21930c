using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Observe.Collect;
using Mainstay.Observe.Collect.Processes;
using Mainstay.Observe.Collect.Runtime;
using Mainstay.Observe.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class RuntimeTests
{
    readonly List<CounterValue> heard = [];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Counters_are_read_however_the_stream_is_cut(int piece)
    {
        var reader = new NetTraceReader(heard.Add);
        foreach (var part in TraceBytes().Chunk(piece))
        {
            reader.Feed(part);
        }

        reader.IsBroken.ShouldBeFalse();
        reader.IsOver.ShouldBeTrue();
        heard.ShouldBe([new("gc-committed", false, 1.5), new("alloc-rate", true, 4096)]);
    }

    [Fact]
    public void No_bytes_break_the_reader()
    {
        var whole = TraceBytes();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(
            ArbMap.Default.ArbFor<(ushort, byte)[]>(),
            changes =>
            {
                var bytes = whole.ToArray();
                foreach (var (at, value) in changes)
                {
                    bytes[at % bytes.Length] = value;
                }

                var reader = new NetTraceReader(_ => { });
                reader.Feed(bytes);
                reader.Feed(bytes);
                return true;
            }));
    }

    [Fact]
    public void Growth_is_added_up_and_a_collection_counts_for_one_generation()
    {
        var counters = new RuntimeCounters();
        counters.Take().ShouldBeEmpty();
        for (var i = 0; i < 2; i++)
        {
            counters.Note(new("gen-0-gc-count", true, 5));
            counters.Note(new("gen-1-gc-count", true, 2));
            counters.Note(new("gen-2-gc-count", true, 1));
            counters.Note(new("total-pause-time-by-gc", true, 250));
            counters.Note(new("threadpool-queue-length", false, i));
            counters.Note(new("somebody-elses", false, i));
        }

        var said = counters.Take().ToDictionary(m => m.Name + m.Generation, m => m.Value);
        (said["dotnet.gc.collectionsgen0"], said["dotnet.gc.collectionsgen1"], said["dotnet.gc.collectionsgen2"]).ShouldBe((6, 2, 2));
        (said["dotnet.gc.pause.time"], said["dotnet.thread_pool.queue.length"]).ShouldBe((0.5, 1));
        said.Count.ShouldBe(5);
        counters.Take().ShouldBeEmpty("nothing new was said");
    }

    // The real runtime over its real socket: this test's own.
    [Fact]
    public async Task A_running_runtime_tells_its_collections_and_forgets_us_afterwards()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the process table is Linux's");
        using var machine = new LinuxMachine();
        var faults = new List<string>();
        var watched = new WatchedInstance("self-1", "self", "", Environment.ProcessId, null, 0);
        var buffer = new SampleBuffer();
        var told = new Dictionary<string, double>(StringComparer.Ordinal);
        await using (var watch = new RuntimeWatch(machine, "h") { OnFault = (where, fault) => faults.Add($"{where}: {fault.Message}") })
        {
            await Until.HoldsAsync(
                () => told.GetValueOrDefault("dotnet.gc.pause.time") > 0 && told.ContainsKey("dotnet.thread_pool.queue.length"),
                () =>
                {
                    GC.Collect(0);
                    buffer.Begin(DateTimeOffset.UnixEpoch);
                    watch.Sample([watched], _ => [Environment.ProcessId], buffer);
                    foreach (var sample in buffer.Samples)
                    {
                        told[sample.Series.Name] = sample.Value;
                    }
                });
            watch.Sessions.ShouldBe(1);
            watch.Sample([], _ => [], buffer);
            watch.Sessions.ShouldBe(0);
        }

        faults.ShouldBeEmpty();
        told["dotnet.gc.collections"].ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void What_is_no_dotnet_process_is_looked_at_a_few_times_and_then_ever_more_seldom()
    {
        var machine = new FakeMachine();
        machine.Process(2_000_000_000, 1, 2_000_000_000, user: 1);
        var watch = new RuntimeWatch(machine, "h");
        var buffer = new SampleBuffer();
        int Reads()
        {
            var before = machine.Reads;
            watch.Sample([new("a-1", "a", "", 2_000_000_000, null, 0)], _ => [2_000_000_000], buffer);
            return machine.Reads - before;
        }

        var each = Enumerable.Range(1, 100).Select(_ => Reads()).ToArray();
        each[..10].ShouldAllBe(r => r == 2);
        Enumerable.Range(11, 90).Where(n => each[n - 1] == 2).ShouldBe([16, 32, 64]);
        watch.Sessions.ShouldBe(0);
    }

    // A script that does something else for a while before it becomes the runtime, or a runtime that starts on a busy machine.
    [Fact]
    public async Task A_runtime_whose_socket_comes_late_is_found()
    {
        var folder = Directory.CreateTempSubdirectory("mainstay-runtime");
        try
        {
            var machine = new FakeMachine();
            machine.Process(2_000_000_000, 1, 2_000_000_000, user: 1);
            machine.Files["/proc/2000000000/environ"] = $"TMPDIR={folder.FullName}\0";
            await using var watch = new RuntimeWatch(machine, "h");
            void Sample() => watch.Sample([new("a-1", "a", "", 2_000_000_000, null, 0)], _ => [2_000_000_000], new());
            for (var i = 0; i < 12; i++) Sample();
            watch.Sessions.ShouldBe(0);
            using var late = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            late.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "dotnet-diagnostic-2000000000-2000001000-socket")));
            late.Listen();
            for (var i = 0; i < 4; i++) Sample();
            watch.Sessions.ShouldBe(1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // A stream as a runtime writes it: signature, trace, what events there are, and one event of each kind.
    static byte[] TraceBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("Nettrace"u8);
        writer.Write(20);
        writer.Write("!FastSerialization.1"u8);
        Begin(writer, "Trace");
        writer.Write(new byte[48]);
        writer.Write((byte)6);
        Block(writer, "MetadataBlock", [.. Event(0, Metadata(1, "Mean")), .. Event(0, Metadata(2, "Increment"))]);
        Block(writer, "StackBlock", [1, 2, 3, 4, 5]);
        Block(writer, "EventBlock", [.. Event(1, Payload(1.5, "gc-committed", "GC Committed")), .. Event(2, Payload(4096, "alloc-rate", "Allocation Rate", "00:00:01")), .. Event(9, [1, 2, 3])]);
        writer.Write((byte)1);
        return stream.ToArray();
    }

    static void Begin(BinaryWriter writer, string type)
    {
        writer.Write((byte[])[5, 5, 1]);
        writer.Write(4);
        writer.Write(4);
        writer.Write(type.Length);
        writer.Write(Encoding.ASCII.GetBytes(type));
        writer.Write((byte)6);
    }

    static void Block(BinaryWriter writer, string type, byte[] content)
    {
        Begin(writer, type);
        writer.Write(20 + content.Length);
        while (writer.BaseStream.Position % 4 != 0)
        {
            writer.Write((byte)0);
        }

        writer.Write((short)20);
        writer.Write((short)1);
        writer.Write(new byte[16]);
        writer.Write(content);
        writer.Write((byte)6);
    }

    // Kind, a time, the size of the payload, the payload; and, once, numbers of thread and sequence.
    static byte[] Event(byte kind, byte[] payload) =>
        [0b1000_1111, kind, 1, 0x81, 1, 2, 3, 0xFF, 1, .. (byte[])[5], (byte)(0x80 | (payload.Length & 0x7F)), (byte)(payload.Length >> 7), .. payload];

    static byte[] Metadata(int kind, string field) =>
        [.. BitConverter.GetBytes(kind), .. Text("System.Runtime"), .. BitConverter.GetBytes(7), .. Text("EventCounters"), .. new byte[20], .. Text("Name"), .. Text(field)];

    static byte[] Payload(double value, params string[] texts) => [.. texts.SelectMany(Text), .. BitConverter.GetBytes(value), .. Text("rest")];

    static byte[] Text(string text) => Encoding.Unicode.GetBytes(text + "\0");
}
