using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Mainstay.State.Requests;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>Remembered requests of several gateways in one PostgreSQL: a real one, with a database for each test.</summary>
public sealed class PostgresRequestsTests(PostgresServer server) : RequestLedgerConformance, IClassFixture<PostgresServer>
{
    readonly string address = server.NewDatabase();

    protected override IRequestLedger Open(bool isGone = false) => PostgresRequests.Open(new() { Address = address, Time = Time });

    [Fact]
    public async Task AnAddressThatIsNoneIsToldAndADatabaseThatGoesAwayRefuses()
    {
        Should.Throw<StoreUnavailableException>(() => PostgresRequests.Open(new() { Address = "postgres://postgres@127.0.0.1:1/nothing" })).Message.ShouldContain("check its address");
        Should.Throw<StoreUnavailableException>(() => PostgresRequests.Open(new() { Address = "nonsense" }));
        await using var ledger = Open();
        (await ledger.ClaimAsync(Claim("k"), default)).Verdict.ShouldBe(ClaimVerdict.Begun);
        server.Run(new Uri(address).AbsolutePath.Trim('/'), "DROP TABLE mainstay_requests");
        var refused = await ledger.ClaimAsync(Claim("k2"), default);
        refused.Verdict.ShouldBe(ClaimVerdict.Unavailable);
        refused.Why!.ShouldContain("mainstay_requests");
    }
}

/// <summary>A PostgreSQL of its own, for the tests of a class.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    const string Bin = "/usr/lib/postgresql/15/bin";

    readonly TempFolder folder = new();
    readonly int port = FreePorts.One();
    int databases;

    string Data => folder["pg"];

    public async ValueTask InitializeAsync()
    {
        // It refuses to be root.
        await ShellAsync($"chmod 755 {folder.Path} && mkdir {Data}" + (IsRoot ? $" && chown postgres {Data}" : ""), asPostgres: false);
        await ShellAsync($"{Bin}/initdb -D {Data} -A trust -U postgres >/dev/null 2>&1");
        await ShellAsync($"{Bin}/pg_ctl -D {Data} -o '-p {port} -h 127.0.0.1 -k {Data} -c fsync=off' -l {Data}/log -w start >/dev/null 2>&1");
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await ShellAsync($"{Bin}/pg_ctl -D {Data} -m immediate stop >/dev/null 2>&1");
        folder.Dispose();
    }

    public string NewDatabase()
    {
        var name = $"t{Interlocked.Increment(ref databases)}";
        Run("postgres", $"CREATE DATABASE {name}");
        return $"postgres://postgres@127.0.0.1:{port}/{name}";
    }

    public void Run(string database, string sql)
    {
        using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=postgres;Database={database};Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    static bool IsRoot => Environment.UserName == "root";

    static async Task ShellAsync(string command, bool asPostgres = true)
    {
        using var process = asPostgres && IsRoot ? Process.Start("/bin/su", ["postgres", "-s", "/bin/sh", "-c", command]) : Process.Start("/bin/sh", ["-c", command]);
        await process.WaitForExitAsync();
    }
}
