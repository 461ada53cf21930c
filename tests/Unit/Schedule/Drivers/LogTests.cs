using System.Globalization;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

/// <summary>What instances write, from the raw files over the segments to the reader.</summary>
public sealed class LogTests : IDisposable
{
    readonly TempFolder root = new();
    readonly EventThread events = new("test-logs");
    readonly List<IDisposable> owned = [];

    public void Dispose()
    {
        owned.ForEach(o => o.Dispose());
        events.Dispose();
        root.Dispose();
    }

    [Fact]
    public void LinesCarryTheirTimeAndStream()
    {
        var time = new FakeTime();
        using var log = new InstanceLog(root["web-1"], new(), time);
        Write("out", "first\n");
        log.Drain(ended: false);
        time.Advance(TimeSpan.FromSeconds(1.5));
        Write("err", "second\r\n");
        log.Drain(ended: false);
        File.ReadAllText(root["web-1/1.log"]).ShouldBe("1767225600000 o first\n1767225601500 e second\n");
    }

    [Fact]
    public void AnUnfinishedLineWaitsForItsEndOrTheProcesss()
    {
        using var log = new InstanceLog(root["web-1"], new(), TimeProvider.System);
        Write("out", "one\ntw");
        log.Drain(ended: false);
        Texts().ShouldBe(["one"]);
        Write("out", "o\nthree");
        log.Drain(ended: false);
        Texts().ShouldBe(["one", "two"]);
        log.Drain(ended: true);
        log.Drain(ended: true);
        Texts().ShouldBe(["one", "two", "three"]);
    }

    [Fact]
    public void ALongLineIsCutAndTheNextIsWhole()
    {
        using var log = new InstanceLog(root["web-1"], new() { LineBytes = 10 }, TimeProvider.System);
        Write("out", new string('x', 25));
        log.Drain(ended: false);
        Write("out", new string('x', 100_000) + "\n0123456789\n0123456789abc\nend\n");
        log.Drain(ended: false);
        Texts().ShouldBe(["xxxxxxxxxx", "0123456789", "0123456789", "end"]);
    }

    [Fact]
    public void WhatIsTooFarBehindIsDroppedAndCounted()
    {
        using var log = new InstanceLog(root["web-1"], new() { BacklogBytes = 12 }, TimeProvider.System);
        Write("out", "dropped\nhalf dropped\nwhole\n");
        log.Drain(ended: false);
        Texts().ShouldBe(["whole"]);
        log.DroppedBytes.ShouldBe(15);
    }

    [Fact]
    public void OnlyTheNewestSegmentsAreKept()
    {
        using var log = new InstanceLog(root["web-1"], new() { SegmentBytes = 100, Segments = 3 }, TimeProvider.System);
        for (var i = 0; i < 20; i++)
        {
            Write("out", $"{new string('x', 50)} {i}\n");
            log.Drain(ended: false);
        }

        LogSegments.In(root["web-1"]).ShouldBe([18, 19, 20]);
        Texts().Select(t => t[51..]).ShouldBe(["17", "18", "19"]);
    }

    [Fact]
    public void AnEndAtAnyMomentNeitherLosesNorDoublesALine()
    {
        var limits = new LogLimits { SegmentBytes = 200, Segments = 100 };
        var written = 0;
        for (var run = 0; run < 10; run++)
        {
            using var log = new InstanceLog(root["web-1"], limits, TimeProvider.System);
            for (var i = 0; i < 7; i++)
            {
                Write("out", $"line {written++} of many\n");
                log.Drain(ended: false);
            }

            // As kill -9 leaves it between writing lines, perhaps into a new segment, and noting the position.
            var position = File.ReadAllBytes(root["web-1/position"]);
            Write("err", string.Concat(Enumerable.Range(0, run).Select(_ => $"line {written++} of many\n")));
            log.Drain(ended: false);
            File.WriteAllBytes(root["web-1/position"], position);
        }

        using var last = new InstanceLog(root["web-1"], limits, TimeProvider.System);
        last.Drain(ended: false);
        Texts().Select(t => int.Parse(t.Split(' ')[1], CultureInfo.InvariantCulture)).Order().ShouldBe(Enumerable.Range(0, written));
    }

    [Fact]
    public async Task AFloodArrivesWholeAndItsRawBytesAreFreed()
    {
        const int lines = 500_000;
        var keeper = Keeper(new() { Segments = 20 });
        using var bench = new RuntimeBench();
        var (output, error) = keeper.Begin("web-1");
        bench.Runtime.Start(bench.Spec($"yes {new string('x', 99)} | head -n {lines}") with { Output = output, Error = error });
        (await bench.EndOf()).ExitCode.ShouldBe(0);
        keeper.Flush("web-1");

        new FileInfo(output).Length.ShouldBe(lines * 100L);
        var read = 0;
        foreach (var number in LogSegments.In(root["web-1"]))
        {
            var path = LogSegments.PathOf(root["web-1"], number);
            new FileInfo(path).Length.ShouldBeLessThanOrEqualTo(10 << 20);
            read += File.ReadAllBytes(path).AsSpan().Count((byte)'\n');
        }

        read.ShouldBe(lines);
        (keeper.DroppedLines, keeper.DroppedBytes).ShouldBe((0, 0));
        BlocksOf(output).ShouldBeLessThan(1000, "512-byte blocks that the raw file still takes");

        keeper.Begin("web-1");
        new FileInfo(output).Length.ShouldBe(0);
    }

    [Fact]
    public async Task AReaderFollowsOverRotationsAndNewInstances()
    {
        var keeper = Keeper(new() { SegmentBytes = 300, Segments = 3 });
        keeper.Begin("web-1");
        Write("out", "before 1\nbefore 2\nbefore 3\n");
        keeper.Flush("web-1");
        keeper.Begin("other-1");
        Write("out", "not mine\n", "other-1");
        keeper.Flush("other-1");

        using var patience = new CancellationTokenSource(RuntimeBench.Patience);
        await using var lines = new LogReader(root.Path).ReadAsync(LogReader.ServiceIs("web"), 2, follow: true, patience.Token).GetAsyncEnumerator(patience.Token);
        (await Next(lines)).ShouldBe("web-1 before 2");
        (await Next(lines)).ShouldBe("web-1 before 3");
        for (var i = 0; i < 50; i++)
        {
            Write("out", $"line {i}\n");
            (await Next(lines)).ShouldBe($"web-1 line {i}");
        }

        keeper.Begin("web-2");
        Write("err", "hello\n", "web-2");
        (await Next(lines)).ShouldBe("web-2 hello");
    }

    [Fact]
    public async Task ATailIsMergedByTimeOverInstancesAndSegments()
    {
        var time = new FakeTime();
        using (var one = new InstanceLog(root["web-1"], new() { SegmentBytes = 100 }, time))
        using (var two = new InstanceLog(root["web-2"], new() { SegmentBytes = 100 }, time))
        {
            for (var i = 0; i < 20; i++)
            {
                Write("out", $"line {i}\n", i % 2 == 0 ? "web-1" : "web-2");
                (i % 2 == 0 ? one : two).Drain(ended: false);
                time.Advance(TimeSpan.FromSeconds(1));
            }
        }

        var texts = new List<string>();
        await foreach (var line in new LogReader(root.Path).ReadAsync(LogReader.ServiceIs("web"), 9, follow: false))
        {
            texts.Add(line.Text);
        }

        texts.ShouldBe(Enumerable.Range(11, 9).Select(i => $"line {i}"));
    }

    [Theory]
    [InlineData("web-1", true)]
    [InlineData("web-12", true)]
    [InlineData("web-api-1", false)]
    [InlineData("web-", false)]
    [InlineData("web", false)]
    [InlineData("webs-1", false)]
    public void AServiceSelectsItsOwnInstances(string name, bool expected) => LogReader.ServiceIs("web")(name).ShouldBe(expected);

    [Fact]
    public void TheLogsOfGoneInstancesAreKeptUpToABound()
    {
        var keeper = Keeper(new());
        for (var i = 0; i < 60; i++)
        {
            keeper.Begin($"web-{i}");
            keeper.Close($"web-{i}");
        }

        Directory.GetDirectories(root.Path).Length.ShouldBe(50);
    }

    [Fact]
    public void WhatDoesNotFitOnTheDiskIsDroppedAndCounted()
    {
        // A device that is always full stands in for the second segment.
        var limits = new LogLimits { SegmentBytes = 10 };
        using (var log = new InstanceLog(root["web-1"], limits, TimeProvider.System))
        {
            File.CreateSymbolicLink(root["web-1/2.log"], "/dev/full");
            Write("out", "fits\n");
            log.Drain(ended: false);
            Write("out", "lost\nlost\n");
            log.Drain(ended: false);
            log.DroppedLines.ShouldBe(2);
            File.Delete(root["web-1/2.log"]);
        }

        using var after = new InstanceLog(root["web-1"], limits, TimeProvider.System);
        Write("out", "kept\n");
        after.Drain(ended: false);
        Texts().ShouldBe(["fits", "kept"]);
    }

    LogKeeper Keeper(LogLimits limits)
    {
        var keeper = new LogKeeper(root.Path, events, TimeProvider.System, limits);
        owned.Add(keeper);
        return keeper;
    }

    void Write(string stream, string text, string instance = "web-1") => File.AppendAllText(Path.Combine(root[instance], stream), text);

    IEnumerable<string> Texts() => LogSegments.Tail(root["web-1"], 1000).Lines.Select(l => l.Text);

    static async Task<string> Next(IAsyncEnumerator<LogLine> lines)
    {
        (await lines.MoveNextAsync()).ShouldBeTrue();
        return $"{lines.Current.Instance} {lines.Current.Text}";
    }

    static long BlocksOf(string path)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%b", path]) { RedirectStandardOutput = true })!;
        return long.Parse(stat.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
    }
}
