using System.Diagnostics;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Locks;
using Mainstay.State.Sqlite;

namespace Mainstay.Bench.Store;

/// <summary>
/// What an uncontended grant costs beside one durable commit of a value of its size, on the same disk in the same run, in turns:
/// <c>locks FOLDER [ROUNDS]</c>.
/// </summary>
static class LockLoad
{
    public static async Task<int> RunAsync(string[] rest)
    {
        if (rest is not [var path, .. var more])
        {
            await Console.Error.WriteLineAsync("write locks FOLDER [ROUNDS]");
            return 2;
        }

        var rounds = more is [var text] ? int.Parse(text) : 2000;
        Directory.CreateDirectory(path);
        await using var store = SqliteStore.Open(new SqliteStoreOptions { Path = Path.Combine(path, "locks.db") });
        var keeper = new LockKeeper(store, CoreKinds.All, TimeProvider.System);
        var value = Codec.Encode(new NamedLock
        {
            Name = "bench", Token = 1000, Holds = [new LockHold { Owner = "bench/1/abcdef#1", Token = 1000, Lease = TimeSpan.FromSeconds(15), At = DateTimeOffset.UnixEpoch, Ask = "1" }],
        });
        var (commits, grants, releases) = (new double[rounds], new double[rounds], new double[rounds]);
        for (var round = -100; round < rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await store.CommitAsync(new([], [new("bench/value", value)]));
            var committed = Stopwatch.GetElapsedTime(began);
            began = Stopwatch.GetTimestamp();
            var turn = await keeper.AcquireAsync("bench", new("bench/1/abcdef#1", "1", LockForm.Exclusive, 1, TimeSpan.FromSeconds(15)), TimeSpan.Zero, CancellationToken.None);
            var granted = Stopwatch.GetElapsedTime(began);
            began = Stopwatch.GetTimestamp();
            await keeper.ReleaseAsync("bench", "bench/1/abcdef#1", turn.Hold!.Token, CancellationToken.None);
            if (round >= 0)
            {
                (commits[round], grants[round], releases[round]) = (committed.TotalMicroseconds, granted.TotalMicroseconds, Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
        }

        var commit = Say("one durable commit", commits);
        Console.WriteLine($"grant/commit p50 {Say("uncontended grant", grants) / commit:F2}, release/commit p50 {Say("release", releases) / commit:F2}");
        return 0;
    }

    static double Say(string what, double[] times)
    {
        Array.Sort(times);
        Console.WriteLine($"{what}: p50 {times[times.Length / 2]:F0} µs, p99 {times[times.Length * 99 / 100]:F0} µs");
        return times[times.Length / 2];
    }
}
