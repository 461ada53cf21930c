using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Collect.Probes;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Tests.Traffic.Tls;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>The probes against the servers themselves, from Debian's packages; without one its test says so.</summary>
public sealed class RealServerTests : IAsyncLifetime
{
    readonly TempFolder folder = new();
    readonly List<Process> started = [];
    readonly MetricStore store = new(TimeProvider.System);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in started)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            }

            process.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Redis_with_and_without_its_password()
    {
        var server = Need("/usr/bin/redis-server", "redis-server");
        var port = FreePorts.One();
        Start(server, "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", folder.Path, "--requirepass", "secret");
        var password = Path.Combine(folder.Path, "password");
        await File.WriteAllTextAsync(password, "secret\n", TestContext.Current.CancellationToken);
        var wrong = await AskAsync(new("locked", "locked", ProbeKind.Redis, Url(port), null, null, null, "", TimeSpan.FromSeconds(1)), s => s.Why.Contains("password", StringComparison.Ordinal));
        wrong.Up.ShouldBeFalse();
        var right = await AskAsync(new("cache", "cache", ProbeKind.Redis, Url(port), null, null, password, "", TimeSpan.FromSeconds(1)), s => s.Up);
        right.Figures.Single(f => f.Name == "clients").Value!.Value.ShouldBeGreaterThanOrEqualTo(1);
        right.Figures.Single(f => f.Name == "memory").Value!.Value.ShouldBeGreaterThan(100_000);
    }

    [Fact]
    public async Task Nginx_by_its_status_page()
    {
        var server = Need("/usr/sbin/nginx", "nginx-light");
        var port = FreePorts.One();
        var configuration = Path.Combine(folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"daemon off; pid {folder.Path}/pid; error_log {folder.Path}/log; events {{ }} http {{ access_log off; client_body_temp_path {folder.Path}/b; proxy_temp_path {folder.Path}/p; fastcgi_temp_path {folder.Path}/f; uwsgi_temp_path {folder.Path}/u; scgi_temp_path {folder.Path}/s; server {{ listen 127.0.0.1:{port}; location = /nginx_status {{ stub_status; }} }} }}",
            TestContext.Current.CancellationToken);
        Start(server, "-c", configuration, "-e", $"{folder.Path}/log");
        var seen = await AskAsync(new("front", "front", ProbeKind.Nginx, Url(port), null, null, null, "", TimeSpan.FromSeconds(1)), s => s.Up && s.Figures.Any(f => f.Name == "requests" && f.Value > 0));
        seen.Figures.Single(f => f.Name == "active").Value.ShouldBe(1, "it is ourselves");
        (await AskAsync(new("other", "other", ProbeKind.Nginx, Url(port), "/missing", null, null, "", TimeSpan.FromSeconds(1)), s => !s.Up)).Why.ShouldContain("404");
    }

    [Fact]
    public async Task Postgres_by_its_views()
    {
        const string bin = "/usr/lib/postgresql/15/bin";
        Need($"{bin}/initdb", "postgresql-15");
        var port = FreePorts.One();
        var data = Path.Combine(folder.Path, "pg");
        var asRoot = Environment.UserName == "root";
        async Task RunAsync(string command)
        {
            var process = asRoot ? Start("/bin/su", "postgres", "-s", "/bin/sh", "-c", command) : Start("/bin/sh", "-c", command);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        if (asRoot)
        {
            await Start("/bin/sh", "-c", $"chmod 755 {folder.Path} && mkdir {data} && chown postgres {data}").WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await RunAsync($"{bin}/initdb -D {data} -A trust -U postgres >/dev/null 2>&1");
        await RunAsync($"{bin}/pg_ctl -D {data} -o '-p {port} -h 127.0.0.1 -k {data} -c shared_preload_libraries=pg_stat_statements' -l {data}/log -w start >/dev/null 2>&1");
        try
        {
            await RunAsync($"{bin}/psql -h 127.0.0.1 -p {port} -U postgres -c 'create extension pg_stat_statements' -c 'select count(*) from pg_class where relname = 1::text' >/dev/null 2>&1");
            var seen = await AskAsync(new("orders-db", "orders-db", ProbeKind.Postgres, Url(port), null, null, null, "postgres", TimeSpan.FromSeconds(1)), s => s.Up);
            seen.Figures.Single(f => f.Name == "connections").Value!.Value.ShouldBeGreaterThanOrEqualTo(1);
            seen.Figures.Single(f => f.Name == "waitingLocks").Value.ShouldBe(0);
            store.Read(MetricSelector.Of("postgresql.statement.calls"), 0, long.MaxValue).ShouldContain(s => s.Series.Label("db.query.text").Contains("pg_class where relname = $1", StringComparison.Ordinal), "literals are removed");
            var gone = new ProbeTarget("gone", "gone", ProbeKind.Postgres, Url(port), null, null, null, "no-such-database", TimeSpan.FromSeconds(1));
            (await AskAsync(gone, s => !s.Up)).Why.ShouldContain("no-such-database");
        }
        finally
        {
            await RunAsync($"{bin}/pg_ctl -D {data} -m immediate stop >/dev/null 2>&1");
        }
    }

    [Fact]
    public async Task MariaDb_by_its_status_with_TLS_and_what_waits_for_a_lock()
    {
        var stop = TestContext.Current.CancellationToken;
        var port = await StartMariaDbAsync(stop);
        await File.WriteAllTextAsync(folder["password"], "secret\n", stop);
        ProbeTarget Target(string name, string user, string? password) => new(name, name, ProbeKind.Mysql, Url(port), null, user, password, "", TimeSpan.FromSeconds(1));
        var orders = Target("orders-db", "monitor", folder["password"]);
        double Figure(MiddlewareFigures of, string name) => of.Figures.Single(f => f.Name == name).Value ?? double.NaN;
        var seen = await AskAsync(orders, s => s.Up && Figure(s, "queries") > 0);
        (Figure(seen, "waitingLocks"), Figure(seen, "connections") >= 1, Figure(seen, "connectionShare") > 0).ShouldBe((0, true, true));

        async Task<MySqlConnection> ConnectAsync()
        {
            var (connection, error) = await MySqlConnection.OpenAsync("127.0.0.1", port, "root", "", stop);
            error.ShouldBeNull();
            connection!.Server.HasTls.ShouldBeTrue();
            return connection;
        }

        using (var holder = await ConnectAsync())
        using (var waiter = await ConnectAsync())
        {
            await holder.AskAsync("begin", stop);
            (await holder.AskAsync("update shop.stock set count = count - 1 where item = 1", stop)).Error.ShouldBeNull();
            var waiting = waiter.AskAsync("update shop.stock set count = count - 2 where item = 1", stop);
            await AskAsync(orders, s => s.Up && Figure(s, "waitingLocks") == 1 && Figure(s, "longestTransaction") > 0);
            await holder.AskAsync("commit", stop);
            (await waiting).Error.ShouldBeNull();
            (await waiter.AskAsync("select * from nowhere.nothing", stop)).Error!.Code.ShouldBe(1146);
            (await waiter.AskAsync("select count, null from shop.stock", stop)).Rows.Rows.ShouldHaveSingleItem().ShouldBe(["7", null]);
        }

        await AskAsync(orders, s => s.Up && Figure(s, "waitingLocks") == 0);
        store.Read(MetricSelector.Of("mysql.statement.calls"), 0, long.MaxValue).ShouldContain(
            s => s.Series.Label("db.query.text").Contains("UPDATE `shop` . `stock` SET `count` = `count` - ? WHERE `item` = ?", StringComparison.Ordinal), "literals are removed");

        (await AskAsync(Target("wrong", "monitor", null), s => !s.Up)).Why.ShouldContain("1045");

        // Who comes when all connections are taken learns that, and that is no server that is down.
        using var taken = await TakeAllAsync(port, stop);
        Figure(await AskAsync(Target("full", "monitor", folder["password"]), s => s.Up), "connectionShare").ShouldBe(1);
    }

    [Fact]
    public async Task What_nobody_listens_at_is_down_and_says_why() =>
        (await AskAsync(new("nobody", "nobody", ProbeKind.Prometheus, Url(FreePorts.One()), null, null, null, "", TimeSpan.FromSeconds(1)), s => !s.Up)).Why.ShouldContain("refused");

    async Task<int> StartMariaDbAsync(CancellationToken stop)
    {
        var server = Need("/usr/sbin/mariadbd", "mariadb-server-core");
        Need("/usr/bin/my_print_defaults", "mariadb-client-core");
        var (port, data) = (FreePorts.One(), folder["my"]);
        using var authority = new TestAuthority();
        var pair = authority.Issue("db", "db");
        File.Copy(pair.Certificate, folder["db.pem"]);
        File.Copy(pair.Key, folder["db.key"]);
        await Start("/usr/bin/mariadb-install-db", "--no-defaults", $"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", $"--user={Environment.UserName}").WaitForExitAsync(stop);
        await File.WriteAllTextAsync(folder["init.sql"], """
            create user monitor@'%' identified by 'secret';
            grant process, slave monitor on *.* to monitor@'%';
            grant select on performance_schema.* to monitor@'%';
            create database shop;
            create table shop.stock (item int primary key, count int) engine=innodb;
            insert into shop.stock values (1, 10);
            """, stop);
        Start(
            server, "--no-defaults", $"--datadir={data}", $"--socket={folder["s"]}", "--bind-address=127.0.0.1", $"--port={port}", $"--user={Environment.UserName}", $"--init-file={folder["init.sql"]}",
            "--performance-schema=ON", "--max-connections=5", $"--ssl-cert={folder["db.pem"]}", $"--ssl-key={folder["db.key"]}");
        return port;
    }

    static async Task<CompositeDisposable> TakeAllAsync(int port, CancellationToken stop)
    {
        var taken = new CompositeDisposable();
        MySqlError? full = null;
        await Until.HoldsAsync(async () =>
        {
            (var one, full) = await MySqlConnection.OpenAsync("127.0.0.1", port, "root", "", stop);
            taken.Add(one);
            return full is not null;
        });
        full!.Code.ShouldBe(MySqlError.TooManyConnections);
        return taken;
    }

    sealed class CompositeDisposable : List<IDisposable?>, IDisposable
    {
        public void Dispose() => ForEach(d => d?.Dispose());
    }

    // Until it stands as expected: servers take their time to start.
    async Task<MiddlewareFigures> AskAsync(ProbeTarget target, Func<MiddlewareFigures, bool> expected)
    {
        var runner = new ProbeRunner(() => [target], store, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = runner.RunAsync(stop.Token);
        MiddlewareFigures? seen = null;
        await Until.HoldsAsync(() =>
        {
            seen = KeyFigures.Complete(store, runner.Standing(), TimeProvider.System.GetUtcNow()).SingleOrDefault();
            return seen is not null && expected(seen);
        });
        await stop.CancelAsync();
        await running;
        return seen!;
    }

    static string Need(string program, string package)
    {
        Assert.SkipUnless(File.Exists(program), $"the package {package} is not installed");
        return program;
    }

    Process Start(string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        started.Add(process);
        return process;
    }

    static Uri Url(int port) => new($"http://127.0.0.1:{port}");
}
