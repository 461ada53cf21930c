using System.Text.Json;
using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Sampling;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Traces;
using Mainstay.Oracle;
using Mainstay.Tests.Observe.Ingest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Store;

/// <summary>Traces on disk: what was taken is found again, whatever ends the process and whatever befalls the files.</summary>
public sealed class TraceStoreTests
{
    static readonly TraceStoreOptions Options = new() { WindowBytes = 4 << 20, SealBytes = 4 << 20, Sampling = new() { SpansPerSecond = 1e9 } };

    readonly FakeTime time = new();
    readonly MemoryFiles files = new();

    [Fact]
    public void What_comes_out_of_a_block_is_what_went_in()
    {
        var store = Open();
        var ids = new HashSet<TraceId>();
        for (var seed = 1; seed <= 60; seed++) Add(store, new OtlpSamples(seed).Traces(), ids);
        var before = ids.ToDictionary(i => i, i => Show(store.Get(i)));
        Settle(store);
        store.Figures.Disk.Blocks.ShouldBe(1);

        var again = Open();
        again.Figures.Spans.ShouldBe(0);
        foreach (var (id, spans) in before) Show(again.Get(id)).ShouldBe(spans);
    }

    [Fact]
    public void One_query_is_over_memory_and_disk()
    {
        var store = Open();
        for (var i = 1; i <= 30; i++)
        {
            Add(store, Request("shop", (ulong)i, i % 2 == 0 ? "GET /" : "POST /", i * 1_000_000, i % 10 == 0 ? 2 : 0, ("user", $"u{i}"), ("even", i % 2 == 0 ? "yes" : "no")));
            if (i % 10 == 0) Settle(store);
        }

        store = Open();
        for (var i = 31; i <= 33; i++) Add(store, Request("shop", (ulong)i, "GET /", i * 1_000_000, 0, ("user", $"u{i}")));
        Found(new() { Limit = 5 }).ShouldBe([33, 32, 31, 30, 29]);
        Found(new() { Attributes = [new("user", "u7")] }).ShouldBe([7]);
        Found(new() { Attributes = [new("user", "u17"), new("service.name", "shop"), new("even", "no")] }).ShouldBe([17]);
        Found(new() { Attributes = [new("user", "u17"), new("even", "yes")] }).ShouldBeEmpty();
        Found(new() { IsError = true }).ShouldBe([30, 20, 10]);
        Found(new() { Operation = "POST /", MinDuration = TimeSpan.FromMilliseconds(26) }).ShouldBe([29, 27]);
        Found(new() { Service = "cart" }).ShouldBeEmpty();
        Found(new() { To = DateTimeOffset.FromUnixTimeSeconds(1_600_000_000) }).ShouldBeEmpty();
        store.Get(new(0, 12)).Single().Attributes.ShouldContain(new StoredAttribute("user", "u12"));

        List<ulong> Found(TraceQuery query) => [.. store.Find(query).Select(t => t.Low)];
    }

    [Fact]
    public void At_any_moment_the_files_hold_all_but_what_came_after_the_last_tick()
    {
        var options = Options with { SealSpans = 40, SealAfter = TimeSpan.FromSeconds(20) };
        var store = Open(options);
        for (var i = 1; i <= 200; i++)
        {
            Add(store, Request("shop", (ulong)i, "GET /", 1_000_000, 0));
            time.Advance(TimeSpan.FromMilliseconds(250 + (i % 7 * 100)));
            store.Tick();
            if (i % 9 != 0) continue;

            // The process is killed: another one finds the files as they are.
            var other = new TraceStore(files.Copy(), time, options);
            for (var seen = 1; seen <= i; seen++) other.Get(new(0, (ulong)seen)).Count.ShouldBe(1, $"trace {seen} of {i}");
        }

        store.Figures.Disk.Blocks.ShouldBeGreaterThan(2);
        files.Names.Count(n => n.StartsWith("hot-", StringComparison.Ordinal)).ShouldBeLessThan(12);
    }

    [Fact]
    public void What_made_room_in_memory_before_it_was_decided_is_found_in_the_log()
    {
        var store = Open();
        // The second half of each trace comes so late that memory forgot the first; a body makes few of them enough.
        var body = new string('x', 4000);
        for (var part = 1; part <= 2; part++)
        {
            for (var i = 1; i <= 2000; i++)
            {
                Add(store, Request("shop", (ulong)i, $"GET /{part}", 1_000_000, 0, (ulong)part, ("body", body)));
                if (i % 100 == 0) store.Write();
            }
        }

        store.Figures.Forgotten.ShouldBeGreaterThan(2000);
        IsWhole(store);
        // Killed: what another process reads back does not fit into its memory either.
        IsWhole(new TraceStore(files.Copy(), time, Options));
        Settle(store);
        IsWhole(store);

        static void IsWhole(TraceStore store)
        {
            for (var i = 1; i <= 2000; i += 7) store.Get(new(0, (ulong)i)).Select(s => s.Name).Order().ShouldBe(["GET /1", "GET /2"]);
            store.Find(new() { Operation = "GET /1", Limit = 3000 }).Select(t => t.Low).ShouldBe(Enumerable.Range(1, 2000).Reverse().Select(i => (ulong)i));
        }
    }

    [Fact]
    public void What_comes_while_a_block_is_sealed_is_written()
    {
        var store = Open();
        Add(store, Request("shop", 1, "GET /", 1_000_000, 0));
        var written = new List<bool>();
        files.Writing = _ =>
        {
            // The block is under way; another thread takes a span in and writes it.
            Add(store, Request("shop", 2, "GET /", 1_000_000, 0));
            written.Add(Task.Run(store.Write).Wait(TimeSpan.FromSeconds(30)));
            written.Add(new TraceStore(files.Copy(), time, Options).Get(new(0, 2)).Count == 1);
        };
        Settle(store);
        written.ShouldBe([true, true]);
        files.Writing = null;
        Open().Get(new(0, 1)).Count.ShouldBe(1);
    }

    [Fact]
    public void More_than_can_be_decided_in_time_is_told_and_not_written()
    {
        var store = Open(Options with { MostUndecidedBytes = 2000 });
        for (var i = 1; i <= 100; i++)
        {
            Add(store, Request("shop", (ulong)i, "GET /", 1_000_000, 0));
            store.Write();
        }

        files.Bytes.ShouldBeInRange(4000, 5000);
        store.Figures.Disk.Unwritten.ShouldBeInRange(50, 99);
        for (var i = 1; i <= 100; i++) store.Get(new(0, (ulong)i)).Count.ShouldBe(1);
        store.Tick();
        Settle(store);
        Open().Figures.Disk.Items.ShouldBe(100 - store.Figures.Disk.Unwritten);
    }

    [Theory]
    [InlineData(8, 150, 300)]
    [InlineData(16, 5, 30)]
    public void A_filter_knows_every_term_and_is_seldom_wrong_about_others(int bits, int atLeast, int atMost)
    {
        var filter = TermFilter.Make([.. Enumerable.Range(0, 5000).Select(i => TermFilter.Term("path"u8, i))], bits);
        Enumerable.Range(0, 5000).All(i => TermFilter.MayHave(filter, TermFilter.Term("path"u8, i))).ShouldBeTrue();
        Enumerable.Range(5000, 10_000).Count(i => TermFilter.MayHave(filter, TermFilter.Term("path"u8, i))).ShouldBeInRange(atLeast, atMost);
    }

    [Fact]
    public void A_log_cut_anywhere_gives_what_is_whole()
    {
        var store = Open();
        for (var i = 1; i <= 5; i++)
        {
            Add(store, Request("shop", (ulong)i, "GET /", 1_000_000, 0));
            store.Tick();
        }

        var name = files.Names.Single();
        var whole = files[name];
        var chunk = whole.Length / 5;
        for (var length = 0; length <= whole.Length; length++)
        {
            files[name] = whole[..length];
            var other = new TraceStore(files.Copy(), time, Options);
            Enumerable.Range(1, 5).Count(i => other.Get(new(0, (ulong)i)).Count == 1).ShouldBe(length / chunk, $"cut to {length} bytes of {whole.Length}");
        }
    }

    [Fact]
    public void A_full_disk_is_told_and_what_is_in_memory_is_served()
    {
        var store = Open();
        Add(store, Request("shop", 1, "GET /", 1_000_000, 0));
        Settle(store);
        files.Room = 30;
        for (var i = 2; i <= 20; i++)
        {
            Add(store, Request("shop", (ulong)i, "GET /", 1_000_000, 0));
            time.Advance(TimeSpan.FromSeconds(5));
            store.Tick();
        }

        store.Figures.Disk.Unwritten.ShouldBeGreaterThan(0);
        for (var i = 1; i <= 20; i++) store.Get(new(0, (ulong)i)).Count.ShouldBe(1);
        files.Room = long.MaxValue;
        Add(store, Request("shop", 21, "GET /", 1_000_000, 0));
        Settle(store);
        Open().Get(new(0, 21)).Count.ShouldBe(1);
    }

    [Fact]
    public void A_damaged_block_never_throws_and_the_rest_is_served()
    {
        var store = Open();
        for (var i = 1; i <= 40; i++)
        {
            Add(store, Request("shop", (ulong)i, "GET /", i * 1_000_000, 0, ("user", $"u{i}")));
            if (i % 20 == 0) Settle(store);
        }

        var blocks = files.Names.ToArray();
        blocks.Length.ShouldBe(2);
        var random = new Random(5);
        var (seen, length) = (0, files[blocks[1]].Length);
        for (var at = 0; at < length + 40; at++)
        {
            var damaged = files.Copy();
            damaged[blocks[1]] = at < length ? [.. damaged[blocks[1]]] : damaged[blocks[1]][..random.Next(length)];
            if (at < length) damaged[blocks[1]][at] ^= (byte)(1 << random.Next(8));
            var other = new TraceStore(damaged, time, Options);
            for (var i = 1; i <= 20; i++) other.Get(new(0, (ulong)i)).Count.ShouldBe(1);
            other.Find(new() { Limit = 100 });
            var inDamaged = Enumerable.Range(21, 20).Sum(i => other.Get(new(0, (ulong)i)).Count);
            other.Find(new() { Attributes = [new("user", "u33")] });
            if (inDamaged < 20) seen++;
            if (other.Figures.Disk.Damaged == 0) inDamaged.ShouldBe(20, $"byte {at}: not told");
        }

        seen.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Blocks_go_by_age_and_by_size()
    {
        var store = Open(Options with { Keep = new(TimeSpan.FromDays(2), 1 << 30) });
        Add(store, Request("shop", 1, "GET /", 1_000_000, 0));
        Settle(store);
        time.Advance(TimeSpan.FromDays(3));
        Add(store, Request("shop", 2, "GET /", 1_000_000, 0));
        Settle(store);
        Open().Get(new(0, 1)).ShouldBeEmpty();
        Open().Get(new(0, 2)).Count.ShouldBe(1);

        var small = Open(Options with { Keep = new(TimeSpan.FromDays(2), 3000) });
        for (var i = 10; i < 40; i++)
        {
            Add(small, Request("shop", (ulong)i, "GET /", 1_000_000, 0));
            Settle(small);
        }

        small.Tick();
        small.Figures.Disk.Bytes.ShouldBeLessThanOrEqualTo(3000);
        small.Figures.Disk.Blocks.ShouldBeGreaterThan(1);
        files.Bytes.ShouldBeLessThanOrEqualTo(3000);
    }

    [Fact]
    public void Only_chosen_traces_reach_the_disk_and_they_reach_it_whole()
    {
        var store = Open(Options with { Sampling = new() { SpansPerSecond = 20 } });
        var failed = new List<ulong>();
        for (var second = 0; second < 60; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                var id = (ulong)((second * 100) + i + 1) * 0x9e3779b97f4a7c15;
                var fails = i == 50 && second % 2 == 0;
                if (fails) failed.Add(id);
                Add(store, Request("shop", id, "GET /", 1_000_000, fails ? 2 : 0));
                Add(store, Request("cart", id, "GET /cart", 500_000, 0, 2));
            }

            time.Advance(TimeSpan.FromSeconds(1));
            store.Tick();
        }

        Settle(store);
        var figures = store.Sampling;
        figures.Waiting.ShouldBe(0);
        figures.Errors.ShouldBe(30);
        (figures.KeptSpans + figures.DroppedSpans).ShouldBe(12_000);
        figures.KeptSpans.ShouldBeInRange(700, 1800);
        var again = Open();
        again.Figures.Disk.Items.ShouldBe(figures.KeptSpans);
        foreach (var id in failed) again.Get(new(0, id)).Count.ShouldBe(2);
        foreach (var id in again.Find(new() { Limit = 2000 })) again.Get(id).Count.ShouldBe(2);
    }

    [Fact]
    public void A_page_written_in_used_memory_is_the_same()
    {
        var again = new TracePageWriter();
        for (var seed = 1; seed <= 12; seed++)
        {
            var fresh = new TracePageWriter();
            Write(fresh, seed, 1);
            again.Clear();
            Write(again, seed, 1);
            var (expected, found) = (fresh.Finish(), again.Finish());
            found.Page.ShouldBe(expected.Page);
            found.Filter.ShouldBe(expected.Filter);
            found.Facts.ShouldBe(expected.Facts);
        }
    }

    [Fact]
    public void Pages_changed_at_random_never_throw()
    {
        var random = new Random(11);
        var writer = new TracePageWriter();
        Write(writer, 1, 6);
        var page = writer.Finish().Page;
        using var unpacked = PagePacker.Unpack(page);
        unpacked.IsWhole.ShouldBeTrue();
        var read = 0;
        for (var round = 0; round < 3000; round++)
        {
            // Changed behind the checksum and the packing, where changes are seen by the reader alone.
            byte[] changed = [.. unpacked.Bytes];
            for (var changes = random.Next(1, 5); changes > 0; changes--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            if (TracePage.Read(PagePacker.Pack(unpacked.Rows, unpacked.Plain, changed)) is not { } damaged) continue;
            read++;
            damaged.All([]);
            damaged.Find(new() { Attributes = [new("a", "b")] }, []);
        }

        read.ShouldBeGreaterThan(0);
        for (var round = 0; round < 500; round++) TracePage.Read(page.AsSpan(0, random.Next(page.Length))).ShouldBeNull();
    }

    static void Write(TracePageWriter writer, int seed, int requests)
    {
        var window = new TraceWindow(4 << 20);
        for (var i = 0; i < requests; i++) OtlpTraces.Read(new OtlpSamples(seed + i).Traces().ToByteArray(), new DecodeScratch(), new Into(window)).IsRead.ShouldBeTrue();
        var copy = new byte[1 << 20];
        var position = 0L;
        var length = window.Copy(ref position, copy, out _);
        for (var at = 0; at < length;)
        {
            var record = copy.AsMemory(at, SpanRecord.LengthOf(copy.AsSpan(at)));
            writer.Add(SpanRecord.TraceOf(record.Span), [record]);
            at += record.Length;
        }
    }

    TraceStore Open(TraceStoreOptions? options = null) => new(files, time, options ?? Options);

    void Settle(TraceStore store)
    {
        store.Tick();
        for (var i = 0; i < 8; i++)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            store.Tick();
        }

        store.Seal();
    }

    void Add(TraceStore store, TraceRequest request, HashSet<TraceId>? ids = null) =>
        OtlpTraces.Read(request.ToByteArray(), new DecodeScratch(), new Into(store, ids)).IsRead.ShouldBeTrue();

    static string Show(IEnumerable<StoredSpan> spans) => JsonSerializer.Serialize(spans.OrderBy(s => s.Span).ThenBy(s => s.Start).ThenBy(s => s.Kind));

    TraceRequest Request(string service, ulong trace, string name, long nanoseconds, int status, params (string Key, string Value)[] attributes) =>
        Request(service, trace, name, nanoseconds, status, 1, attributes);

    TraceRequest Request(string service, ulong trace, string name, long nanoseconds, int status, ulong span, params (string Key, string Value)[] attributes)
    {
        var id = BitConverter.GetBytes(trace);
        Array.Reverse(id);
        var start = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        var one = new Span
        {
            TraceId = ByteString.CopyFrom([.. new byte[8], .. id]), SpanId = ByteString.CopyFrom([1, 0, 0, 0, 0, 0, 0, (byte)span]), Name = name, Kind = 2, StartTimeUnixNano = start,
            ParentSpanId = span > 1 ? ByteString.CopyFrom([1, 0, 0, 0, 0, 0, 0, 1]) : ByteString.Empty,
            EndTimeUnixNano = start + (ulong)nanoseconds, Status = new Status { Code = status }, Attributes = { attributes.Select(a => Text(a.Key, a.Value)) },
        };
        return new() { ResourceSpans = { new ResourceSpans { Resource = new Mainstay.Oracle.Resource { Attributes = { Text("service.name", service) } }, ScopeSpans = { new ScopeSpans { Spans = { one } } } } } };
    }

    static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    sealed class Into(ITraceStore store, HashSet<TraceId>? ids = null) : ISpanSink
    {
        readonly ResourceCopy resource = new();

        public void Begin(in ResourceView of, in ScopeView scope) => resource.Take(of);

        public void Span(in SpanView span)
        {
            ids?.Add(span.Trace);
            store.Add(resource.View, default, span);
        }
    }
}
