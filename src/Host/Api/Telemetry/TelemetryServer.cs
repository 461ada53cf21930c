using System.Net;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>The listeners for telemetry, each on its own, so that one that cannot listen keeps nothing else from working.</summary>
public sealed class TelemetryServer : IAsyncDisposable
{
    readonly List<WebApplication> apps = [];

    TelemetryServer()
    {
    }

    /// <summary>Where OTLP over gRPC is taken in; null where it is not.</summary>
    public IPEndPoint? OtlpGrpc { get; private set; }

    public IPEndPoint? OtlpHttp { get; private set; }

    public IPEndPoint? Zipkin { get; private set; }

    /// <summary>Opens the ports that can be opened.</summary>
    /// <param name="ports">Port 0 takes a free one.</param>
    /// <param name="token">What senders to addresses other than the loopback one send as <c>Authorization: Bearer …</c>.</param>
    /// <param name="intake">Takes in what comes.</param>
    /// <param name="say">Told of every port that is open, and of those that cannot be.</param>
    /// <param name="onFault">Told what went wrong inside.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<TelemetryServer> StartAsync(
        TelemetryPorts ports, string? token, TelemetryIntake intake, Action<string> say, Action<string, Exception>? onFault, CancellationToken stop)
    {
        var server = new TelemetryServer();
        async Task<IPEndPoint?> OpenAsync(string what, string flag, IPEndPoint? end, HttpProtocols protocols, RequestDelegate serve)
        {
            if (end is null)
            {
                return null;
            }

            var rules = new AccessRules(IPAddress.IsLoopback(end.Address), IPAddress.IsLoopback(end.Address) ? null : token, token ?? "");
            var app = Build(end, protocols, context => GuardAsync(context, rules, serve, onFault));
            try
            {
                await app.StartAsync(stop);
            }
            catch (IOException refused)
            {
                say($"{what} is not taken in: {end} cannot be listened on: {refused.Message}; choose another with --{flag}, or off");
                await app.DisposeAsync();
                return null;
            }

            server.apps.Add(app);
            var opened = IPEndPoint.Parse(new Uri(app.Urls.Single()).Authority);
            say($"{what} is taken in at {opened}");
            return opened;
        }

        server.OtlpGrpc = await OpenAsync("OTLP over gRPC", "otlp-grpc", ports.OtlpGrpc, HttpProtocols.Http2, new OtlpGrpc(intake).ServeAsync);
        server.OtlpHttp = await OpenAsync("OTLP over HTTP", "otlp-http", ports.OtlpHttp, HttpProtocols.Http1, new OtlpHttp(intake).ServeAsync);
        server.Zipkin = await OpenAsync("Zipkin", "zipkin", ports.Zipkin, HttpProtocols.Http1, new ZipkinHttp(intake).ServeAsync);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in apps)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    static WebApplication Build(IPEndPoint end, HttpProtocols protocols, RequestDelegate serve)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = TelemetryIntake.MostBodyBytes + 5;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 2 << 20;
            kestrel.Listen(end, listen => listen.Protocols = protocols);
        });
        builder.Services.AddSingleton<IHostLifetime, Quiet>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ApiServer.StopWithin);
        var app = builder.Build();
        app.Run(serve);
        return app;
    }

    static async Task GuardAsync(HttpContext context, AccessRules rules, RequestDelegate serve, Action<string, Exception>? onFault)
    {
        if (rules.Refuse(context.Request) is { } refusal)
        {
            if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true)
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["grpc-status"] = $"{OtlpAnswer.Unauthenticated}";
                return;
            }

            await refusal.WriteAsync(context);
            return;
        }

        try
        {
            await serve(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (IOException)
        {
            // The sender broke off.
        }
        catch (Exception fault)
        {
            onFault?.Invoke($"telemetry {context.Request.Path}", fault);
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }
    }

    sealed class Quiet : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
