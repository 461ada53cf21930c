using System.Diagnostics;
using System.Text;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Lead;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State.Linear;

/// <summary>
/// This test program as a process that another test kills and pauses: clients that write down each operation before and after, or a server that leads
/// and acts. What it does is told by its environment, in which round by its standard input, and what it did goes to standard output, line by line, each
/// line whole with the dot at its end.
/// </summary>
public sealed class HistoryProgram
{
    internal const string Variable = "MAINSTAY_TEST_HISTORY";

    readonly Lock printing = new();
    readonly Stream output = Console.OpenStandardOutput();
    long operations;
    volatile string round = "";

    [Fact(Explicit = true)]
    public async Task Run()
    {
        var words = Environment.GetEnvironmentVariable(Variable)?.Split(' ');
        Assert.SkipWhen(words is null, "it is the child process of another test");
        // Ends with its parent, whose end closes the pipe.
        using var end = new CancellationTokenSource();
        var reading = ReadRoundsAsync(end);
        switch (words)
        {
            case ["etcd-clients", var id, var prefix, .. var members]:
                await using (var store = await EtcdStore.OpenAsync(Options(prefix, members)))
                    await ClientsAsync(store, long.Parse(id), 3, end.Token);
                break;
            case ["sqlite-clients", var id, var path]:
                await using (var store = SqliteStore.Open(new SqliteStoreOptions { Path = path, KeepRevisions = 500, BacklogRevisions = 500 }))
                    await ClientsAsync(store, long.Parse(id), 6, end.Token);
                break;
            case ["leader", var id, var prefix, .. var members]:
                await LeadAsync(id, Options(prefix, members) with { SessionTtl = TimeSpan.FromSeconds(2) }, end.Token);
                break;
        }

        await end.CancelAsync();
        GC.KeepAlive(reading);
    }

    static EtcdStoreOptions Options(string prefix, string[] members) =>
        new() { Endpoints = [.. members.Select(m => new Uri(m))], Prefix = prefix, Patience = TimeSpan.FromSeconds(10) };

    async Task ReadRoundsAsync(CancellationTokenSource end)
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } next)
            round = next;
        await end.CancelAsync();
    }

    void Say(string line)
    {
        lock (printing)
        {
            // On a line of its own, whatever the runner has written before.
            output.Write(Encoding.ASCII.GetBytes($"\n {line} .\n"));
            output.Flush();
        }
    }

    Task ClientsAsync(IStore store, long id, int clients, CancellationToken end) =>
        Task.WhenAll(Enumerable.Range(0, clients).Select(c => Task.Run(() => ClientAsync(store, (id * 16) + c, end), CancellationToken.None)));

    // Values are unique over all clients and their successors, as each process has another id.
    async Task ClientAsync(IStore store, long id, CancellationToken end)
    {
        var random = new Random((int)id);
        var (values, told) = (0L, "");
        while (!end.IsCancellationRequested)
        {
            var at = round;
            if (at != told)
                Say($"round {id % 16} {told = at}");
            if (at.Length == 0 || at == "rest")
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
                continue;
            }

            var key = $"{at}/{random.Next(4)}";
            if (await ReadAsync(store, key) is { } seen && random.Next(3) > 0)
                await SwapAsync(store, key, seen, (id << 32) + ++values);
        }
    }

    async Task<(long Value, long Revision)?> ReadAsync(IStore store, string key)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            var entry = await store.GetAsync(key);
            var value = entry is null ? 0 : long.Parse(entry.Text());
            Say($"read {key} {value} {begun} {Stopwatch.GetTimestamp()}");
            return (value, entry?.ModRevision ?? 0);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    async Task SwapAsync(IStore store, string key, (long Value, long Revision) seen, long next)
    {
        var operation = Interlocked.Increment(ref operations);
        // Said before it is done: where the process is killed, it may have happened.
        Say($"swap {operation} {key} {seen.Value} {next} {Stopwatch.GetTimestamp()}");
        try
        {
            var result = await store.IfAsync(key, seen.Revision, Put(key, $"{next}"));
            Say($"done {operation} {(result.Succeeded ? "yes" : "no")} {Stopwatch.GetTimestamp()}");
        }
        catch (StoreUnavailableException)
        {
            Say($"open {operation}");
        }
    }

    // A server as far as the store is concerned: it leads, and acts as long as it may.
    async Task LeadAsync(string id, EtcdStoreOptions options, CancellationToken end)
    {
        await using var store = await EtcdStore.OpenAsync(options, end);
        Say("stands by");
        using var leader = await Leader.TakeAsync(store, id, id, "http://x:1", static (_, _) => Task.CompletedTask, end);
        Say($"leads {leader.Epoch}");
        for (var n = 1; !end.IsCancellationRequested && !leader.Over.IsCancellationRequested; n++)
        {
            try
            {
                var result = await leader.Store.DoAsync(Put("acts/last", $"{leader.Epoch}/{n}"));
                if (result.Succeeded)
                    Say($"act {leader.Epoch} {n} {result.Revision}");
            }
            catch (StoreUnavailableException)
            {
                // Nobody answers: it goes on, or learns that it is over.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }

        Say($"over {leader.Epoch}");
    }
}

/// <summary>Such a process, and what it said.</summary>
sealed class HistoryChild : IDisposable
{
    readonly Process process;
    readonly Action<HistoryChild, string[]> heard;

    public HistoryChild(string does, Action<HistoryChild, string[]> heard)
    {
        this.heard = heard;
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Mainstay.Unit")) { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment[HistoryProgram.Variable] = does;
        foreach (var argument in new[] { "-explicit", "only", "-method", $"{typeof(HistoryProgram).FullName}.{nameof(HistoryProgram.Run)}" })
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        Hearing = HearAsync();
    }

    /// <summary>Completes when everything was heard that it said before its end.</summary>
    public Task Hearing { get; }

    /// <summary>Swaps that it began and has not told the end of.</summary>
    public Dictionary<string, Step> Open { get; } = [];

    public bool HasExited => process.HasExited;

    public void Enter(string round)
    {
        try
        {
            process.StandardInput.WriteLine(round);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It ended; who looks after it sees that.
        }
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        await Hearing;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }

    async Task HearAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            // The last line may have been cut.
            if (line.StartsWith(' ') && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [.. var words, "."])
                heard(this, words);
        }
    }
}
