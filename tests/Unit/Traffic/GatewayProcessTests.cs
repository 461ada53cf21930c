using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Mainstay.Traffic;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>The gateway role against a server that a test plays.</summary>
public sealed class GatewayProcessTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    [Fact]
    public async Task A_table_is_fetched_with_the_token_applied_kept_and_acknowledged_and_outlives_the_server()
    {
        using var folder = new TempFolder();
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var port = RawUpstream.DeadPort();
        using (var stop = new CancellationTokenSource())
        {
            Task<int> process;
            await using (var server = await Server.StartAsync())
            {
                process = GatewayProcess.RunAsync(Options(folder, server.Url), TimeProvider.System, stop.Token);
                (await server.NextAsync()).TableRevision.ShouldBe(0);
                server.Tables.Writer.TryWrite(Table(7, port, upstream));
                var acknowledged = await server.NextAsync(batch => batch.TableRevision == 7);
                acknowledged.BoundListeners.ShouldBe(["gateway"]);
                (await AskAsync(port)).ShouldEndWith("ok");
                var seen = await server.NextAsync(batch => batch.Records.Count > 0);
                seen.Records.ShouldHaveSingleItem().Succeeded.ShouldBe(1);
            }
            (await AskAsync(port)).ShouldEndWith("ok");
            await stop.CancelAsync();
            (await process).ShouldBe(0);
            File.Exists(folder["gateway/ready"]).ShouldBeFalse();
        }

        // Without any server, a new process serves what the last one knew.
        using (var stop = new CancellationTokenSource())
        {
            var ready = new TaskCompletionSource();
            var options = Options(folder, null) with { Log = line => { if (line.Contains("table 7 is live")) ready.TrySetResult(); } };
            var process = GatewayProcess.RunAsync(options, TimeProvider.System, stop.Token);
            await ready.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
            (await AskAsync(port)).ShouldEndWith("ok");
            await stop.CancelAsync();
            (await process).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_kept_table_that_cannot_be_read_is_reported_and_ignored()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["gateway"]);
        await File.WriteAllTextAsync(folder["gateway/table.json"], "{ not a table");
        var lines = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        (await GatewayProcess.RunAsync(Options(folder, null) with { Log = lines.Enqueue }, TimeProvider.System, stop.Token)).ShouldBe(0);
        lines.ShouldContain(line => line.Contains("cannot be used and is ignored"));
    }

    [Fact]
    public void A_table_survives_its_wire_form()
    {
        var table = new TableModel(
            3,
            [new ListenerModel("m", "127.0.0.1", 1, ListenerKind.Mesh, "web", "orders")],
            [Routes.Of("r", "/a/{id}", "orders", s => s with { Match = s.Match with { Host = "h", Methods = ["GET"] }, Timeout = TimeSpan.FromSeconds(2), Retry = new() { On = ["503"] } })],
            [new ClusterModel("orders", [new EndpointModel("o-1", "127.0.0.1", 2, "1.0")], Routes.RoundRobin)]);
        TableModel.FromJson(table.ToJson()).ToJson().ShouldBe(table.ToJson());
        TableModel.FromJson("""{"revision":4}""").Listeners.ShouldBeEmpty();
        Should.Throw<JsonException>(() => TableModel.FromJson("null"));

        // As an earlier version wrote it.
        Should.Throw<JsonException>(() => TableModel.FromJson("""{"revision":4,"listeners":[],"routes":[{"name":"all","match":{"path":"/"},"to":"web"}],"clusters":[]}"""));
    }

    static GatewayOptions Options(TempFolder folder, Uri? server) => new()
    {
        DataFolder = folder.Path,
        ServerUrl = server,
        Token = "secret",
        Log = _ => { },
        Limits = new PathLimits { DrainIdle = TimeSpan.Zero },
    };

    static string Table(long revision, int port, RawUpstream upstream) => new TableModel(
        revision,
        [new ListenerModel("gateway", "127.0.0.1", port, ListenerKind.Gateway)],
        [Routes.All()],
        [new ClusterModel("s", [upstream.Endpoint()])]).ToJson();

    static async Task<string> AskAsync(int port)
    {
        using var client = await RawPeer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await client.SendAsync(Get);
        return await client.ReadResponseAsync();
    }

    /// <summary>The server's two internal addresses.</summary>
    sealed class Server(WebApplication app) : IAsyncDisposable
    {
        readonly Channel<RecordBatch> batches = Channel.CreateUnbounded<RecordBatch>();
        readonly CancellationTokenSource stop = new();

        public Channel<string> Tables { get; } = Channel.CreateUnbounded<string>();

        public Uri Url => new(app.Urls.First());

        public static async Task<Server> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var server = new Server(app);
            app.Run(server.AnswerAsync);
            await app.StartAsync();
            return server;
        }

        public async Task<RecordBatch> NextAsync(Func<RecordBatch, bool>? wanted = null)
        {
            while (true)
            {
                var batch = await batches.Reader.ReadAsync().AsTask().WaitAsync(RawPeer.Patience, TimeProvider.System);
                if (wanted is null || wanted(batch)) return batch;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await app.DisposeAsync();
            stop.Dispose();
        }

        Task AnswerAsync(HttpContext context)
        {
            // A gateway of another run may still look for a server that had this port.
            if (context.Request.Headers["X-Mainstay-Token"] != "secret")
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            }
            return context.Request.Path == "/internal/v1/table" ? SendTablesAsync(context) : TakeAsync(context);
        }

        async Task SendTablesAsync(HttpContext context)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, context.RequestAborted);
            try
            {
                await foreach (var table in Tables.Reader.ReadAllAsync(either.Token))
                {
                    await context.Response.WriteAsync(table + "\n\n", either.Token);
                    await context.Response.Body.FlushAsync(either.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        async Task TakeAsync(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            batches.Writer.TryWrite(RecordBatch.FromJson(await reader.ReadToEndAsync()));
        }
    }
}
