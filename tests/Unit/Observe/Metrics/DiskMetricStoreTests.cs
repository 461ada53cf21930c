using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Tests.Observe.Store;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>Samples on disk: one question over blocks, log and memory; crashes, damage and a full disk.</summary>
public sealed class DiskMetricStoreTests
{
    const int Series = 40;

    readonly FakeTime time = new();
    readonly MemoryFiles files = new();

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void One_question_is_answered_from_blocks_and_memory_and_nothing_comes_twice()
    {
        var store = new DiskMetricStore(files, time);
        var began = Now;
        Fill(store, 400);
        store.Disk.Blocks.ShouldBeGreaterThan(1);
        Check(store, began, 400);
        Check(new DiskMetricStore(files.Copy(), time), began, 400);

        // A part of the span, one series, by the name that Prometheus gives it.
        var one = store.Read("m_3_seconds_total", s => s.Label("n") == "3", began + 600_000, began + 5_400_000).ShouldHaveSingleItem();
        (one.Points[0].AtMs, one.Points[^1].AtMs, one.Points.Count).ShouldBe((began + 600_000, began + 5_400_000, 161));
        store.Series("m.3", _ => true, began, began + 60_000).ShouldHaveSingleItem();
        store.Series(null, _ => true, began, Now).Count.ShouldBe(Series);
    }

    [Fact]
    public void Exemplars_outlive_the_process_as_many_as_the_ring_holds_also_where_a_disk_was_full_or_a_file_is_cut()
    {
        var ring = new ExemplarRing(40);
        var log = new ExemplarLog(ring, files, time);
        MetricSeries[] buckets = [new("d_bucket", "s", MetricKind.Counter, ("le", "0.1")), new("d_bucket", "s", MetricKind.Counter, ("le", "+Inf"))];
        void Add(int number) => ring.Add(new(buckets[number % 2], number, Now + number, new(7, (ulong)number + 1), (ulong)number));
        for (var i = 0; i < 95; i++)
        {
            Add(i);
            if (i % 3 == 2)
            {
                log.Tick();
            }
        }

        log.Tick();
        IReadOnlyList<StoredExemplar> Found(ExemplarRing of) => of.Find(_ => true, 0, long.MaxValue, 1000);
        var again = new ExemplarRing(40);
        _ = new ExemplarLog(again, files.Copy(), time);
        Found(again).ShouldBe(Found(ring));
        files.Names.Count().ShouldBeLessThan(7, "files without any of the ring's go");

        files.Room = 5;
        Add(95);
        log.Tick();
        log.Unwritten.ShouldBe(1);
        files.Room = long.MaxValue;
        Add(96);
        log.Tick();
        var after = new ExemplarRing(40);
        _ = new ExemplarLog(after, files, time);
        Found(after)[^1].Value.ShouldBe(96);
        Found(after).ShouldNotContain(e => e.Value == 95);

        var last = files.Names.Last();
        files[last] = files[last][..^3];
        var cut = new ExemplarRing(40);
        _ = new ExemplarLog(cut, files, time);
        Found(cut)[^1].Value.ShouldBe(94);
    }

    [Fact]
    public void A_crash_at_any_moment_loses_no_sample_that_a_tick_has_seen()
    {
        var store = new DiskMetricStore(files, time);
        var began = Now;
        for (var i = 1; i <= 12; i++)
        {
            Fill(store, 37, (i - 1) * 37);
            var again = new DiskMetricStore(files.Copy(), time);
            Check(again, began, i * 37);
        }
    }

    [Fact]
    public void A_log_cut_anywhere_gives_back_what_lies_before_the_cut()
    {
        var store = new DiskMetricStore(files, time);
        var began = Now;
        Fill(store, 60);
        var name = files.Names.Last(n => n.StartsWith("samples-", StringComparison.Ordinal));
        var dice = new Random(7);
        for (var i = 0; i < 80; i++)
        {
            var (copy, whole) = (files.Copy(), files[name]);
            copy[name] = whole[..dice.Next(whole.Length)];
            if (i % 2 == 1)
            {
                copy[name] = [.. whole];
                copy[name][dice.Next(whole.Length)] ^= (byte)(1 << dice.Next(8));
            }

            var again = new DiskMetricStore(copy, time);
            foreach (var series in again.Read(null, _ => true, began, Now))
            {
                // Whatever is there is true and without a hole.
                series.Points.Select(p => p.Value).ShouldBe(Enumerable.Range(0, series.Points.Count).Select(v => Value(int.Parse(series.Series.Label("n")), v)));
            }

            again.Add([new(Of(0), -1, Now + 1)]);
            again.Tick();
        }
    }

    [Fact]
    public void Damaged_blocks_are_told_and_the_rest_is_served()
    {
        var store = new DiskMetricStore(files, time);
        var began = Now;
        Fill(store, 140);
        string[] names = [.. files.Names.Where(n => n.EndsWith(".block", StringComparison.Ordinal))];
        var dice = new Random(11);
        var told = 0;
        for (var i = 0; i < 90; i++)
        {
            var copy = files.Copy();
            var name = names[dice.Next(names.Length)];
            var whole = copy[name];
            copy[name] = i % 3 == 0 ? whole[..dice.Next(whole.Length)] : [.. whole];
            if (i % 3 != 0)
            {
                copy[name][dice.Next(whole.Length)] ^= (byte)(1 << dice.Next(8));
            }

            var again = new DiskMetricStore(copy, time);
            foreach (var series in again.Read(null, _ => true, began, Now))
            {
                foreach (var point in series.Points)
                {
                    point.Value.ShouldBe(Value(int.Parse(series.Series.Label("n")), (int)((point.AtMs - began) / 30_000)));
                }
            }

            told += again.Disk.Damaged > 0 ? 1 : 0;
        }

        told.ShouldBe(90);
    }

    [Fact]
    public void A_full_disk_is_counted_and_what_is_in_memory_is_still_found_and_sealed_later()
    {
        var store = new DiskMetricStore(files, time);
        var began = Now;
        Fill(store, 30);
        files.Room = 100;
        Fill(store, 40, 30);
        store.Disk.Unwritten.ShouldBeGreaterThan(0);
        store.Disk.Blocks.ShouldBe(0);
        Check(store, began, 70);
        files.Room = 1L << 40;
        Fill(store, 2, 70);
        store.Disk.Blocks.ShouldBe(1);
        Check(store, began, 72);
        store.Figures().Refused.ShouldBe(0);
    }

    [Fact]
    public void What_is_too_old_goes_and_what_comes_too_late_is_refused()
    {
        var store = new DiskMetricStore(files, time, options: new() { Keep = new Retention(TimeSpan.FromHours(2), 1 << 30) });
        var began = Now;
        Fill(store, 600);
        store.Read(MetricSelector.Of("m.0"), began, began + 3_600_000).ShouldBeEmpty();
        store.Disk.Blocks.ShouldBeInRange(4, 5);
        store.Add([new(new("late", "", MetricKind.Gauge), 1, Now - 7_200_000)]);
        store.Figures().Refused.ShouldBe(1);
        files.Names.Count(n => n.StartsWith("samples-", StringComparison.Ordinal)).ShouldBeLessThan(25);

        var small = new DiskMetricStore(files.Copy(), time, options: new() { Keep = new Retention(TimeSpan.FromHours(2), 1) });
        small.Tick();
        small.Disk.Blocks.ShouldBe(0);
    }

    [Fact]
    public void Memory_that_runs_short_is_made_up_for_by_blocks()
    {
        var store = new DiskMetricStore(files, time, new() { Window = TimeSpan.FromMinutes(40) });
        var began = Now;
        Fill(store, 600);
        store.Figures().Samples.ShouldBeLessThan(Series * 400);
        Check(store, began, 600);
    }

    [Fact]
    public void Marks_of_ended_series_and_odd_numbers_survive()
    {
        var store = new DiskMetricStore(files, time);
        var at = Now;
        double[] odd = [double.NaN, double.PositiveInfinity, -0.0, Stale.Mark, double.Epsilon, double.MaxValue];
        for (var i = 0; i < odd.Length; i++)
        {
            store.Add([new(Of(0), odd[i], at + i)]);
        }

        store.Tick();
        time.Advance(TimeSpan.FromHours(2));
        foreach (var again in new[] { new DiskMetricStore(files.Copy(), time), Sealed(store) })
        {
            again.Read(MetricSelector.Of("m.0"), at, at + 100).Single().Points.Select(p => BitConverter.DoubleToInt64Bits(p.Value)).ShouldBe(odd.Select(BitConverter.DoubleToInt64Bits));
        }

        static DiskMetricStore Sealed(DiskMetricStore store)
        {
            store.Tick();
            store.Disk.Blocks.ShouldBe(1);
            return store;
        }
    }

    static MetricSeries Of(int n) => new($"m.{n}", "s", MetricKind.Counter, ("n", $"{n}"));

    static double Value(int series, int i) => (series * 1000) + (i / 3);

    void Fill(DiskMetricStore store, int count, int from = 0)
    {
        for (var i = from; i < from + count; i++)
        {
            var now = Now;
            store.Add([.. Enumerable.Range(0, Series).Select(n => new MetricSample(Of(n), Value(n, i), now))]);
            store.Tick();
            time.Advance(TimeSpan.FromSeconds(30));
        }
    }

    void Check(DiskMetricStore store, long began, int count)
    {
        var found = store.Read(null, _ => true, began, Now);
        found.Count.ShouldBe(Series);
        foreach (var series in found)
        {
            var n = int.Parse(series.Series.Label("n"));
            series.Points.ShouldBe(Enumerable.Range(0, count).Select(i => new MetricPoint(began + (i * 30_000L), Value(n, i))));
        }
    }
}
