using System.Text.Json;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Logs;
using Mainstay.Observe.Store.Traces;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Store;

/// <summary>Log records: found again after a restart or a crash, by words and fields, in memory and on disk.</summary>
public sealed class LogStoreTests
{
    const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    readonly FakeTime time = new();
    readonly MemoryFiles files = new();

    [Fact]
    public void What_is_searched_is_found_in_memory_and_on_disk()
    {
        var store = Open();
        Add(store, "orders", "Payment timed out after 30s", 17, ("order", "42"), ("customer", "ann"));
        Add(store, "orders", "payment accepted", 9, ("order", "43"));
        Add(store, "carts", "retry: payment timed out", 13);
        Add(store, "carts", "支付超时 für größere Beträge", 9, trace: Trace);
        var all = Ask(store);
        store.Tick();
        store.Seal();
        store.Figures.Disk.Items.ShouldBe(4);
        Ask(store).ShouldBe(all);
        Ask(Open()).ShouldBe(all);

        string Ask(LogStore of)
        {
            Found(of, "").ShouldBe([3, 2, 1, 0]);
            Found(of, "payment").ShouldBe([2, 1, 0]);
            Found(of, "PAYMENT timed").ShouldBe([2, 0]);
            Found(of, "pay").ShouldBeEmpty();
            Found(of, "pay*").ShouldBe([2, 1, 0]);
            Found(of, "\"ment timed ou\"").ShouldBe([2, 0]);
            Found(of, "payment -retry").ShouldBe([1, 0]);
            Found(of, "level:error").ShouldBe([0]);
            Found(of, "level:warn").ShouldBe([2, 0]);
            Found(of, "service:carts").ShouldBe([3, 2]);
            Found(of, "-service:carts level:info").ShouldBe([1, 0]);
            Found(of, "order:42").ShouldBe([0]);
            Found(of, "42").ShouldBe([0]);
            Found(of, "customer:ben").ShouldBeEmpty();
            Found(of, $"trace:{Trace.ToUpperInvariant()}").ShouldBe([3]);
            Found(of, "超时").ShouldBe([3]);
            Found(of, "größere").ShouldBe([3]);
            Found(of, "instance:orders-1 accepted").ShouldBe([1]);
            return JsonSerializer.Serialize(of.Find(LogSearch.All).Items);
        }
    }

    [Fact]
    public void What_is_asked_wrongly_is_told()
    {
        LogSearch.Read("level:loud", out var wrong).ShouldBeNull();
        wrong.ShouldContain("'loud' is no level");
        LogSearch.Read("\"open", out wrong).ShouldBeNull();
        wrong.ShouldBe("a quote is not closed");
        LogSearch.Read(string.Join(' ', Enumerable.Range(0, 40)), out wrong).ShouldBeNull();
        LogSearch.Read("http://a/b - : \"\" x:", out wrong).ShouldNotBeNull();
    }

    [Fact]
    public void A_crash_at_any_moment_neither_loses_nor_doubles_what_was_read_of_a_source()
    {
        var options = new LogStoreOptions { SealLogs = 10 };
        var store = new LogStore(time, files, options);
        for (var i = 1; i <= 60; i++)
        {
            store.Add([One("orders", $"line {i}", 9)], "instance/orders-1", new(1, i));
            time.Advance(TimeSpan.FromSeconds(1));
            store.Tick();
            var other = new LogStore(time, files.Copy(), options);
            other.MarkOf("instance/orders-1").ShouldBe(new SourceMark(1, i));
            other.Find(Search("", 100)).Items.Select(l => l.Message).ShouldBe(Enumerable.Range(1, i).Reverse().Select(n => $"line {n}"));
        }

        store.Figures.Disk.Blocks.ShouldBe(6);
        // Cut anywhere, the log gives marks and lines that go together.
        store.Add([One("orders", "line 61", 9)], "instance/orders-1", new(1, 61));
        store.Tick();
        var name = files.Names.Single(n => n.StartsWith("fresh-", StringComparison.Ordinal));
        var whole = files[name];
        for (var length = 0; length < whole.Length; length++)
        {
            files[name] = whole[..length];
            var other = new LogStore(time, files.Copy(), options);
            var lines = other.Find(Search("", 100)).Items.Count;
            if (other.MarkOf("instance/orders-1") is { } mark) mark.Offset.ShouldBe(lines);
            lines.ShouldBe(60);
        }
    }

    [Fact]
    public void A_damaged_page_or_block_is_told_and_the_rest_is_served()
    {
        var store = Open();
        Add(store, "orders", "first", 9);
        store.Seal();
        for (var i = 0; i < 50; i++) Add(store, "orders", $"second {i}", 9, ("n", $"{i}"));
        store.Seal();
        var name = files.Names.Where(n => n.EndsWith(".block", StringComparison.Ordinal)).Last();
        var random = new Random(3);
        for (var at = 0; at < files[name].Length; at++)
        {
            var damaged = files.Copy();
            damaged[name][at] ^= (byte)(1 << random.Next(8));
            var other = new LogStore(time, damaged);
            other.Find(Search("first")).Items.Count.ShouldBe(1);
            var found = other.Find(Search("", 1000)).Items.Count;
            found.ShouldBeOneOf(1, 51);
            if (found == 1) other.Figures.Disk.Damaged.ShouldBe(1);
            other.Find(Search("n:7"));
        }
    }

    [Fact]
    public void Pages_changed_at_random_never_throw()
    {
        var random = new Random(7);
        StoredLog[] logs = [.. Enumerable.Range(0, 60).Select(i => One("orders", $"line {i} größe", i % 24, ("n", $"{i}")) with { Trace = i % 3 == 0 ? Trace : null, Span = i % 3 == 0 ? "00f067aa0ba902b7" : null })];
        using var unpacked = PagePacker.Unpack(LogPage.Make(logs).Page);
        unpacked.IsWhole.ShouldBeTrue();
        var read = 0;
        for (var round = 0; round < 3000; round++)
        {
            byte[] changed = [.. unpacked.Bytes];
            for (var changes = random.Next(1, 5); changes > 0; changes--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            if (LogPage.Read(PagePacker.Pack(unpacked.Rows, unpacked.Plain, changed)) is { } damaged) read += damaged.Length > 0 ? 1 : 0;
        }

        read.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Memory_is_bounded_where_nothing_can_be_sealed()
    {
        files.Room = 0;
        var store = new LogStore(time, files, new() { SealBytes = 100_000 });
        for (var i = 0; i < 5000; i++)
        {
            Add(store, "orders", $"line {i} {new string('x', 200)}", 9);
            if (i % 100 == 0) store.Tick();
        }

        var figures = store.Figures;
        figures.FreshBytes.ShouldBeLessThan(210_000);
        (figures.Fresh + figures.Forgotten).ShouldBe(5000);
        figures.Disk.Unwritten.ShouldBe(figures.Forgotten);
        store.Find(Search("4999")).Items.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Followers_get_what_is_there_and_what_comes_once()
    {
        var store = new LogStore(time);
        Add(store, "orders", "one", 9);
        Add(store, "carts", "other", 9);
        using var stop = new CancellationTokenSource();
        await using var following = store.FollowAsync(Search("service:orders"), stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        (await following.MoveNextAsync()).ShouldBeTrue();
        following.Current.Message.ShouldBe("one");
        var next = following.MoveNextAsync();
        Add(store, "carts", "other", 9);
        Add(store, "orders", "two", 9);
        (await next).ShouldBeTrue();
        following.Current.Message.ShouldBe("two");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await following.MoveNextAsync());
    }

    [Fact]
    public void Patterns_group_lines_that_differ_in_values()
    {
        var store = Open();
        for (var i = 0; i < 50; i++)
        {
            Add(store, "orders", $"order {i} of customer c{i * 7} accepted in {i}.5ms", 9);
            Add(store, "orders", $"cannot reach {(i % 2 == 0 ? "stock" : "prices")}: connection refused", 17);
            time.Advance(TimeSpan.FromSeconds(10));
        }

        Add(store, "carts", "cart 7 emptied", 9);
        Shown(store).ShouldBe(["50 orders cannot reach <*> connection refused (17)", "50 orders order <*> of customer <*> accepted in <*> (9)", "1 carts cart <*> emptied (9)"]);
        store.Patterns("orders", 10)[0].LastHour.Sum().ShouldBe(50);
        store.Patterns(null, 10)[0].LastHour.Count(n => n > 0).ShouldBe(9);

        // They survive a restart: what was known is not new.
        store.Tick();
        store.Seal();
        var again = Open();
        Shown(again).ShouldBe(Shown(store));
        var before = time.GetUtcNow();
        time.Advance(TimeSpan.FromMinutes(1));
        Add(again, "orders", "order 51 of customer c9 accepted in 3ms", 9);
        Add(again, "orders", "disk is nearly full", 13);
        again.Patterns(null, 10).Where(p => p.First > before).Select(p => p.Text).ShouldBe(["disk is nearly full"]);
        again.Patterns(null, 10).Select(p => p.Id).Intersect(store.Patterns(null, 10).Select(p => p.Id)).Count().ShouldBe(3);

        List<string> Shown(LogStore of) => [.. of.Patterns(null, 10).Select(p => $"{p.Count} {p.Service} {p.Text} ({p.Severity})")];
    }

    [Fact]
    public void Patterns_are_bounded()
    {
        var miner = new PatternMiner(200);
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var words = Enumerable.Range(0, random.Next(0, 60)).Select(_ => new string((char)random.Next('a', 'z'), random.Next(1, 9)));
            miner.Take(One($"s{random.Next(50)}", string.Join(' ', words), 9));
        }

        miner.List(null, 10_000).Count.ShouldBeInRange(100, 200);
        miner.Forgotten.ShouldBeGreaterThan(1000);
    }

    LogStore Open() => new(time, files);

    void Add(LogStore store, string service, string message, int severity, params (string Key, string Value)[] attributes) => Add(store, service, message, severity, null, attributes);

    void Add(LogStore store, string service, string message, int severity, string? trace, params (string Key, string Value)[] attributes)
    {
        time.Advance(TimeSpan.FromMilliseconds(1));
        store.Add(One(service, message, severity, attributes) with { Trace = trace, Span = trace?[..16] });
    }

    StoredLog One(string service, string message, int severity, params (string Key, string Value)[] attributes) => new(
        time.GetUtcNow(), service, service + "-1", severity, Severities.Name(severity), message, null, null, [.. attributes.Select(a => new StoredAttribute(a.Key, a.Value))]);

    static LogSearch Search(string text, int limit = 100) => LogSearch.Read(text, out _, limit: limit).ShouldNotBeNull();

    List<int> Found(LogStore store, string text)
    {
        var all = store.Find(LogSearch.All).Items.Reverse().Select(l => l.Message).ToList();
        return [.. store.Find(Search(text)).Items.Select(l => all.IndexOf(l.Message))];
    }
}
