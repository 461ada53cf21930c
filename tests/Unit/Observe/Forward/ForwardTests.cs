using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Forward;
using Mainstay.Tests.Observe.Store;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Forward;

/// <summary>What waits to be sent on, what is dropped, and when it is sent again.</summary>
public sealed class ForwardTests
{
    static readonly TelemetrySignal[] All = Enum.GetValues<TelemetrySignal>();

    [Fact]
    public async Task Requests_of_a_signal_are_joined_in_order_and_count_until_they_have_arrived()
    {
        var queue = new ForwardQueue(1000, All);
        var taking = queue.TakeAsync(TelemetrySignal.Traces, 5, TestContext.Current.CancellationToken);
        queue.Add(TelemetrySignal.Logs, [9]);
        taking.IsCompleted.ShouldBeFalse();
        queue.Add(TelemetrySignal.Traces, [1, 2]);
        (await taking).ShouldBe([1, 2]);
        queue.Add(TelemetrySignal.Traces, [3, 4]);
        queue.Add(TelemetrySignal.Traces, [5]);
        queue.Add(TelemetrySignal.Traces, [6, 7, 8]);
        (await queue.TakeAsync(TelemetrySignal.Traces, 5, TestContext.Current.CancellationToken)).ShouldBe([3, 4, 5]);
        queue.Bytes.ShouldBe(9, "also what is under way");
        queue.Sent(TelemetrySignal.Traces, 2);
        queue.Failed(TelemetrySignal.Traces);
        queue.Refused(TelemetrySignal.Traces, 3);
        queue.Bytes.ShouldBe(4);
        queue.FiguresOf(TelemetrySignal.Traces).ShouldBe(new ForwardFigures(2, 3, 0, 1));
        (await queue.TakeAsync(TelemetrySignal.Traces, 1, TestContext.Current.CancellationToken)).ShouldBe([6, 7, 8], "one at least");
    }

    [Fact]
    public async Task Where_the_bound_is_reached_the_oldest_of_the_longest_line_goes()
    {
        var queue = new ForwardQueue(10, [TelemetrySignal.Traces, TelemetrySignal.Logs]);
        queue.Add(TelemetrySignal.Metrics, [1]);
        queue.Add(TelemetrySignal.Logs, [1, 1]);
        queue.Add(TelemetrySignal.Traces, [1, 1, 1, 1]);
        queue.Add(TelemetrySignal.Traces, [2, 2, 2, 2]);
        queue.Add(TelemetrySignal.Logs, [2]);
        (queue.Bytes, queue.Wants(TelemetrySignal.Metrics)).ShouldBe((7, false));
        queue.Add(TelemetrySignal.Traces, new byte[11]);
        queue.FiguresOf(TelemetrySignal.Traces).Dropped.ShouldBe(4 + 4 + 11);
        queue.FiguresOf(TelemetrySignal.Logs).Dropped.ShouldBe(3);
        queue.Bytes.ShouldBe(0);
        queue.Add(TelemetrySignal.Logs, [7]);
        (await queue.TakeAsync(TelemetrySignal.Logs, 9, TestContext.Current.CancellationToken)).ShouldBe([7]);
    }

    [Fact]
    public async Task What_is_not_taken_waits_on_disk_in_order_and_outlives_the_process()
    {
        var (files, time) = (new MemoryFiles(), new FakeTime());
        ForwardQueue Queue(long onDisk = 1 << 20) => new(1000, All, signal => new(files, signal, time), onDisk);
        var stop = TestContext.Current.CancellationToken;
        var queue = Queue();
        queue.Add(TelemetrySignal.Traces, [1]);
        queue.Tick();
        queue.BytesOnDisk.ShouldBe(0, "nothing has failed");
        var first = await queue.TakeAsync(TelemetrySignal.Traces, 9, stop);
        queue.Failed(TelemetrySignal.Traces);
        queue.Add(TelemetrySignal.Traces, [2]);
        queue.Add(TelemetrySignal.Traces, [3]);
        queue.Tick();
        (queue.Bytes, queue.BytesOnDisk > 0).ShouldBe((1, true), "only what is under way is in memory");

        // The server ends: what was under way and what is in memory goes to disk as well.
        queue.Add(TelemetrySignal.Logs, [7]);
        queue.Back(TelemetrySignal.Traces, first);
        queue.Tick(all: true);
        (queue.Bytes, files.Names.Count()).ShouldBe((0, 2));

        var next = Queue();
        next.Add(TelemetrySignal.Traces, [4]);
        (await next.TakeAsync(TelemetrySignal.Traces, 2, stop)).ShouldBe([2, 3]);
        next.Sent(TelemetrySignal.Traces, 2);
        (await next.TakeAsync(TelemetrySignal.Traces, 9, stop)).ShouldBe([1]);
        next.Sent(TelemetrySignal.Traces, 1);
        (await next.TakeAsync(TelemetrySignal.Traces, 9, stop)).ShouldBe([4]);
        next.Sent(TelemetrySignal.Traces, 1);
        (await next.TakeAsync(TelemetrySignal.Logs, 9, stop)).ShouldBe([7]);
        next.Sent(TelemetrySignal.Logs, 1);
        var waits = next.TakeAsync(TelemetrySignal.Logs, 9, stop);
        (waits.IsCompleted, next.BytesOnDisk, files.Names.Count()).ShouldBe((false, 0, 0));
    }

    [Fact]
    public void Beyond_its_bound_the_oldest_on_disk_goes_and_a_full_disk_leaves_it_in_memory()
    {
        var (files, time) = (new MemoryFiles(), new FakeTime());
        var queue = new ForwardQueue(100 << 20, [TelemetrySignal.Traces], signal => new(files, signal, time), 10 << 20);
        queue.Failed(TelemetrySignal.Traces);
        for (var i = 0; i < 30; i++)
        {
            queue.Add(TelemetrySignal.Traces, new byte[1 << 20]);
            queue.Tick();
        }

        queue.BytesOnDisk.ShouldBeInRange(6 << 20, 10 << 20);
        (queue.FiguresOf(TelemetrySignal.Traces).Dropped + queue.BytesOnDisk).ShouldBe((30 << 20) + (30 * 12));
        files.Room = 100;
        queue.Add(TelemetrySignal.Traces, new byte[1 << 20]);
        queue.Add(TelemetrySignal.Traces, new byte[ForwardSpill.MostRequest + 1]);
        queue.Tick();
        queue.Bytes.ShouldBe((1 << 20) + ForwardSpill.MostRequest + 1);
    }

    [Theory]
    [InlineData(200, ForwardNext.Done)]
    [InlineData(202, ForwardNext.Done)]
    [InlineData(400, ForwardNext.GiveUp)]
    [InlineData(401, ForwardNext.GiveUp)]
    [InlineData(413, ForwardNext.GiveUp)]
    [InlineData(429, ForwardNext.Again)]
    [InlineData(500, ForwardNext.GiveUp)]
    [InlineData(502, ForwardNext.Again)]
    [InlineData(503, ForwardNext.Again)]
    [InlineData(504, ForwardNext.Again)]
    [InlineData(null, ForwardNext.Again)]
    public void Answers_are_read_as_OTLP_says(int? status, ForwardNext next) => ForwardDecide.After(status).ShouldBe(next);

    [Fact]
    public void Waits_double_up_to_a_minute_and_heed_what_is_asked()
    {
        Enumerable.Range(1, 9).Select(n => ForwardDecide.Wait(n, null).TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 32, 60, 60, 60]);
        ForwardDecide.Wait(1, TimeSpan.FromSeconds(30)).TotalSeconds.ShouldBe(30);
        ForwardDecide.Wait(3, TimeSpan.FromSeconds(1)).TotalSeconds.ShouldBe(4);
        ForwardDecide.Wait(1, TimeSpan.FromDays(1)).TotalMinutes.ShouldBe(5);
    }

    [Theory]
    [InlineData("collector:4318", "endpoint")]
    [InlineData("http://u:p@h:4318", "endpoint")]
    [InlineData("ftp://h", "endpoint")]
    public void An_endpoint_that_is_none_is_told(string endpoint, string path) => new ForwardSpec { Endpoint = endpoint }.Validate().Select(p => p.Path).ShouldBe([path]);

    [Fact]
    public void All_that_is_wrong_is_told_at_once() => new TelemetrySpec
    {
        Forward = new()
        {
            Endpoint = "http://h:4318", Signals = [], Timeout = TimeSpan.Zero, Queue = new(5), Disk = new(7),
            Headers = new Dictionary<string, string> { ["Content-Type"] = "x", ["a b"] = "y" }, SecretHeaders = new Dictionary<string, string> { ["Authorization"] = "env:" },
        },
        Retention = new() { Logs = new() { Age = TimeSpan.Zero, Size = new(1) } },
    }.Validate().Select(p => p.Path).ShouldBe(
        ["forward.headers.Content-Type", "forward.headers.a b", "forward.secretHeaders.Authorization", "forward.signals", "forward.timeout", "forward.queue", "forward.disk", "retention.logs.age", "retention.logs.size"]);
}
