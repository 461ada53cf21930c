using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Agent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mainstay.Tests.Schedule.Agent;

/// <summary>The server's side of the agent's protocol, by hand: a work stream to write into and the reports to read.</summary>
sealed class FakeServer : IAsyncDisposable
{
    readonly WebApplication app;
    readonly Channel<ReportMessage> reports = Channel.CreateUnbounded<ReportMessage>();
    readonly Channel<(string Id, ExecAnswer Answer)> execs = Channel.CreateUnbounded<(string, ExecAnswer)>();
    readonly Lock gate = new();
    readonly Dictionary<string, Instance> instances = [];
    readonly Dictionary<string, Build> builds = [];
    readonly Dictionary<string, (string Tag, string Text)> files = [];
    TaskCompletionSource published = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Channel<WorkMessage>? stream;
    long revision;
    int received;

    FakeServer(WebApplication app) => this.app = app;

    public string Url => app.Urls.Single();

    public string? Token { get; private set; }

    /// <summary>The statuses as last reported.</summary>
    public Dictionary<string, InstanceStatus> Statuses { get; } = [];

    public Dictionary<string, BuildStatus> BuildStatuses { get; } = [];

    public ReportMessage? LastReport { get; private set; }

    /// <summary>How files stood when the agent asked last.</summary>
    public IReadOnlyList<FileHeld> FileHeld { get; private set; } = [];

    public static async Task<FakeServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var server = new FakeServer(app);
        app.MapGet("/internal/v1/agents/local/work", server.WorkAsync);
        app.MapPost("/internal/v1/agents/local/report", server.ReportAsync);
        app.MapPost("/internal/v1/agents/local/execs/{id}", async (string id, HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            server.execs.Writer.TryWrite((id, Codec.Decode<ExecAnswer>(body.ToArray())));
        });
        app.MapPost("/internal/v1/agents/local/files", server.FilesAsync);
        await app.StartAsync();
        return server;
    }

    public void Want(params Instance[] wanted)
    {
        lock (gate)
        {
            foreach (var instance in wanted)
            {
                instances[instance.Name] = instance;
            }

            stream?.Writer.TryWrite(new() { Revision = ++revision, Instances = wanted });
        }
    }

    /// <summary>Asks for a command beside an instance.</summary>
    public async Task<ExecAnswer> ExecAsync(ExecAsk ask)
    {
        lock (gate)
        {
            stream?.Writer.TryWrite(new() { Revision = ++revision, Execs = [ask] });
        }

        using var patience = new CancellationTokenSource(Drivers.RuntimeBench.Patience);
        var (id, answer) = await execs.Reader.ReadAsync(patience.Token);
        return id == ask.Id ? answer : throw new InvalidOperationException($"an answer to {id}");
    }

    public void Want(Build build)
    {
        lock (gate)
        {
            builds[build.Name] = build;
            stream?.Writer.TryWrite(new() { Revision = ++revision, Builds = [build] });
        }
    }

    public void Gone(string instance)
    {
        lock (gate)
        {
            instances.Remove(instance);
            stream?.Writer.TryWrite(new() { Revision = ++revision, GoneInstances = [instance] });
        }
    }

    /// <summary>Publishes what a file is to hold.</summary>
    public void Give(string file, string tag, string text)
    {
        lock (gate)
        {
            files[file] = (tag, text);
            published.SetResult();
            published = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Waits until the instance was reported as asked for; gives that status.</summary>
    public Task<InstanceStatus> Reported(string instance, Func<InstanceStatus, bool> condition) =>
        UntilAsync(() => Statuses.TryGetValue(instance, out var status) && condition(status) ? status : null);

    public Task<BuildStatus> ReportedBuild(string build, Func<BuildStatus, bool> condition) =>
        UntilAsync(() => BuildStatuses.TryGetValue(build, out var status) && condition(status) ? status : null);

    public Task<ReportMessage> NextReport() => UntilAsync(() => LastReport);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    static string Text<T>(T value) => System.Text.Encoding.UTF8.GetString(Codec.Encode(value));

    async Task<T> UntilAsync<T>(Func<T?> seen) where T : class
    {
        using var patience = new CancellationTokenSource(Drivers.RuntimeBench.Patience);
        while (true)
        {
            if (seen() is { } found)
            {
                return found;
            }

            ReportMessage report;
            try
            {
                report = await reports.Reader.ReadAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"not reported; the last were {Text(Statuses)} and {Text(BuildStatuses)}, {received} reports");
            }

            received++;
            LastReport = report;
            foreach (var (name, status) in report.Instances)
            {
                Statuses[name] = status;
            }

            foreach (var (name, status) in report.Builds)
            {
                BuildStatuses[name] = status;
            }
        }
    }

    async Task WorkAsync(HttpContext context)
    {
        Token = context.Request.Headers["X-Mainstay-Token"];
        var mine = Channel.CreateUnbounded<WorkMessage>();
        lock (gate)
        {
            mine.Writer.TryWrite(new() { Full = true, Revision = revision, Instances = [.. instances.Values], Builds = [.. builds.Values] });
            stream = mine;
        }

        try
        {
            await foreach (var message in mine.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync(Line(message), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // As the server does: at once where something was not seen, else with the next publish or when the time is over.
    async Task FilesAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var ask = Codec.Decode<FilesAsk>(body.ToArray());
        while (true)
        {
            Task next;
            FileGiven[] behind;
            lock (gate)
            {
                FileHeld = [.. ask.Held];
                behind = [.. ask.Held.Where(h => files.TryGetValue(h.File, out var now) && now.Tag != h.Seen).Select(h => new FileGiven(h.Instance, h.File, files[h.File].Tag, files[h.File].Text, HasSecret: false, null))];
                next = published.Task;
            }

            if (behind.Length > 0)
            {
                await context.Response.Body.WriteAsync(Codec.Encode(new FilesGiven(behind)), context.RequestAborted);
                return;
            }

            try
            {
                await next.WaitAsync(ask.Wait, context.RequestAborted);
            }
            catch (TimeoutException)
            {
                await context.Response.Body.WriteAsync(Codec.Encode(new FilesGiven([])), context.RequestAborted);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    async Task ReportAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        reports.Writer.TryWrite(Codec.Decode<ReportMessage>(body.ToArray()));
    }

    // As on every wire, resources carry their kind and revision beside what the codec writes.
    static byte[] Line(WorkMessage message)
    {
        var node = JsonNode.Parse(Codec.Encode(message))!;
        foreach (var instance in node["instances"]!.AsArray())
        {
            instance!["kind"] = "instance";
            instance["revision"] = 7;
        }

        return [.. System.Text.Encoding.UTF8.GetBytes(node.ToJsonString()), (byte)'\n'];
    }
}
