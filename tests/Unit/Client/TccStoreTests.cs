using System.Data.Common;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mainstay.Client.Flows;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Client;

/// <summary>The fence in a service's own database, on a real PostgreSQL: whatever comes in whatever order, work and note are one.</summary>
public sealed class TccStoreTests : IAsyncLifetime
{
    const string Bin = "/usr/lib/postgresql/15/bin";
    static readonly bool AsRoot = Environment.UserName == "root";

    readonly TempFolder folder = new();
    readonly FakeTime time = new();
    NpgsqlDataSource? source;

    string Data => Path.Combine(folder.Path, "pg");

    [Fact]
    public async Task EveryOrderOfCallsHasItsAnswerAndDoesItsWorkOnce()
    {
        var tcc = new TccStore(time);
        await using var open = await OpenAsync();

        // A try, again, then confirmed, again; a cancel comes too late.
        (await DoAsync(tcc, open, "a", "try")).ShouldBe((TccVerdict.Go, 200));
        (await DoAsync(tcc, open, "a", "try")).ShouldBe((TccVerdict.Done, 200));
        (await DoAsync(tcc, open, "a", "confirm")).ShouldBe((TccVerdict.Go, 200));
        (await DoAsync(tcc, open, "a", "confirm")).ShouldBe((TccVerdict.Done, 200));
        (await DoAsync(tcc, open, "a", "cancel")).ShouldBe((TccVerdict.Refused, 409));
        (await WorkAsync(open, "a")).ShouldBe("try confirm");

        // A cancel without a try is noted, and the try that comes late is refused.
        (await DoAsync(tcc, open, "b", "cancel")).ShouldBe((TccVerdict.Empty, 200));
        (await DoAsync(tcc, open, "b", "try")).ShouldBe((TccVerdict.Refused, 409));
        (await DoAsync(tcc, open, "b", "confirm")).ShouldBe((TccVerdict.Refused, 409));
        (await WorkAsync(open, "b")).ShouldBe("");

        // Work that fails leaves nothing, not even a note.
        await Should.ThrowAsync<InvalidOperationException>(() => tcc.DoAsync(open, new("c", "try"), _ => throw new InvalidOperationException("no stock")));
        (await TccStore.StateOfAsync(open, "c")).ShouldBe(TccState.None);
        (await DoAsync(tcc, open, "c", "try")).ShouldBe((TccVerdict.Go, 200));

        // A try that still runs: who cancels is asked to come again, and what takes too long is taken for dead.
        var begun = await tcc.BeginTryAsync(open, "d", TimeSpan.FromSeconds(10));
        begun.Verdict.ShouldBe(TccVerdict.Go);
        (await DoAsync(tcc, open, "d", "cancel")).ShouldBe((TccVerdict.Later, 503));
        (await DoAsync(tcc, open, "d", "try")).ShouldBe((TccVerdict.Later, 503));
        time.Advance(TimeSpan.FromSeconds(10));
        (await DoAsync(tcc, open, "d", "cancel")).ShouldBe((TccVerdict.Go, 200));
        (await tcc.EndTryAsync(open, "d", begun.Begun, done: true)).ShouldBeFalse("it was cancelled meanwhile");
        (await TccStore.StateOfAsync(open, "d")).ShouldBe(TccState.Cancelled);

        // Of two tries, the one that was taken for dead does not end the other.
        var first = await tcc.BeginTryAsync(open, "e", TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(2));
        var second = await tcc.BeginTryAsync(open, "e", TimeSpan.FromSeconds(1));
        (await tcc.EndTryAsync(open, "e", first.Begun, done: false)).ShouldBeFalse();
        (await tcc.EndTryAsync(open, "e", second.Begun, done: true)).ShouldBeTrue();
        (await DoAsync(tcc, open, "e", "confirm")).ShouldBe((TccVerdict.Go, 200));

        await Should.ThrowAsync<ArgumentException>(() => tcc.DoAsync(open, new("", "try"), _ => Task.CompletedTask));
        await Should.ThrowAsync<ArgumentException>(() => tcc.DoAsync(open, new("x", "elope"), _ => Task.CompletedTask));
        time.Advance(TimeSpan.FromDays(30));
        (await tcc.ForgetAsync(open, TimeSpan.FromDays(7))).ShouldBe(5);
    }

    [Fact]
    public async Task CallsOfOneBranchAtTheSameTimeComeOneAfterTheOther()
    {
        var tcc = new TccStore(time);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async worker =>
        {
            var chance = new Random(worker);
            await using var own = await OpenAsync();
            for (var i = 0; i < 120; i++)
            {
                await DoAsync(tcc, own, $"branch-{chance.Next(20)}", chance.Next(5) switch { 0 => "cancel", 1 => "confirm", _ => "try" });
            }
        }));
        await using var open = await OpenAsync();
        for (var branch = 0; branch < 20; branch++)
        {
            (await WorkAsync(open, $"branch-{branch}")).ShouldBeOneOf("", "try", "try confirm", "try cancel");
        }
    }

    public async ValueTask InitializeAsync()
    {
        var port = FreePorts.One();
        if (AsRoot)
        {
            await ShellAsync($"chmod 755 {folder.Path} && mkdir {Data} && chown postgres {Data}", asPostgres: false);
        }

        await ShellAsync($"{Bin}/initdb -D {Data} -A trust -U postgres --no-sync >/dev/null 2>&1");
        await ShellAsync($"{Bin}/pg_ctl -D {Data} -o '-p {port} -h 127.0.0.1 -k {Data} -c fsync=off' -l {Data}/log -w start >/dev/null 2>&1");
        source = NpgsqlDataSource.Create($"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;SSL Mode=Disable");
        await using var open = await source.OpenConnectionAsync();
        await TccStore.CreateAsync(open);
        await TccStore.CreateAsync(open);
        await using var table = open.CreateCommand();
        table.CommandText = "CREATE TABLE work (n SERIAL, branch TEXT NOT NULL, what TEXT NOT NULL)";
        await table.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (source is not null)
        {
            await source.DisposeAsync();
        }

        await ShellAsync($"{Bin}/pg_ctl -D {Data} -m immediate stop >/dev/null 2>&1");
        folder.Dispose();
    }

    async Task<DbConnection> OpenAsync() => await source!.OpenConnectionAsync(TestContext.Current.CancellationToken);

    static async Task<(TccVerdict, int)> DoAsync(TccStore tcc, DbConnection open, string branch, string phase)
    {
        var outcome = await tcc.DoAsync(open, new(branch, phase), async transaction =>
        {
            await using var command = transaction.Connection!.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = $"INSERT INTO work (branch, what) VALUES ('{branch}', '{phase}')";
            await command.ExecuteNonQueryAsync();
        });
        return (outcome.Verdict, outcome.Status);
    }

    static async Task<string> WorkAsync(DbConnection open, string branch)
    {
        await using var command = open.CreateCommand();
        command.CommandText = $"SELECT string_agg(what, ' ' ORDER BY n) FROM work WHERE branch = '{branch}'";
        return await command.ExecuteScalarAsync() as string ?? "";
    }

    static async Task ShellAsync(string command, bool asPostgres = true)
    {
        using var process = Process.Start(AsRoot && asPostgres ? new ProcessStartInfo("/bin/su", ["postgres", "-s", "/bin/sh", "-c", command]) { WorkingDirectory = "/" } : new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, command);
    }
}
