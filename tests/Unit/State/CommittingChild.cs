using System.Diagnostics;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State;

/// <summary>
/// This test program as a process that commits until it is killed: eight writers, each acknowledged commit a line <c>ack key revision .</c> on standard
/// output.
/// </summary>
sealed class CommittingChild : IDisposable
{
    readonly Process process;

    public CommittingChild(string storePath)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Mainstay.Unit")) { RedirectStandardOutput = true };
        start.Environment[CommittingProgram.Variable] = storePath;
        foreach (var argument in new[] { "-explicit", "only", "-method", $"{typeof(CommittingProgram).FullName}.{nameof(CommittingProgram.Run)}" })
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
    }

    /// <summary>Reads some acknowledgements, kills the process with SIGKILL and returns all that it had printed.</summary>
    public async Task<List<(string Key, long Revision)>> KillAfterAsync(int count)
    {
        var acknowledged = new List<(string, long)>();
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            // The last line may have been cut by the kill.
            if (line.Split(' ') is [_, "ack", var key, var revision, "."])
                acknowledged.Add((key, long.Parse(revision)));
            if (acknowledged.Count == count)
                process.Kill();
        }

        await process.WaitForExitAsync();
        return acknowledged;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}

/// <summary>What the child runs.</summary>
public sealed class CommittingProgram
{
    internal const string Variable = "MAINSTAY_TEST_COMMIT_TO";

    [Fact(Explicit = true)]
    public async Task Run()
    {
        var path = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(path is null, "it is the child process of another test");
        await CommitForeverAsync(path!);
    }

    static async Task CommitForeverAsync(string path)
    {
        // Short history, so that kills also hit foldings.
        await using var store = SqliteStore.Open(new SqliteStoreOptions { Path = path, KeepRevisions = 500, BacklogRevisions = 500 });
        await using var output = Console.OpenStandardOutput();
        var printing = new Lock();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            // Far more than any test reads, yet not forever if the parent dies.
            for (var i = store.Revision; i < 1_000_000; i++)
            {
                var result = await store.DoAsync(Put($"{w}/{i}", "x"), Put($"last/{w}", $"{i}"));
                lock (printing)
                    output.Write(System.Text.Encoding.ASCII.GetBytes($" ack {w}/{i} {result.Revision} .\n"));
            }
        })));
    }
}
