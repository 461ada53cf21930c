using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Mainstay.Tests.Traffic;

/// <summary>A real server as an endpoint, on a free loopback port.</summary>
public sealed class KestrelEndpoint : IAsyncDisposable
{
    readonly WebApplication app;

    KestrelEndpoint(WebApplication app) => this.app = app;

    public int Port => new Uri(app.Urls.First()).Port;

    public static async Task<KestrelEndpoint> StartAsync(
        RequestDelegate answer, HttpProtocols protocols = HttpProtocols.Http1, Action<ListenOptions>? also = null, bool webSockets = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                also?.Invoke(listen);
            });
        });
        var app = builder.Build();
        if (webSockets) app.UseWebSockets();
        app.Run(answer);
        await app.StartAsync();
        return new KestrelEndpoint(app);
    }

    public EndpointModel Endpoint(string instance = "one") => new(instance, "127.0.0.1", Port);

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
    }
}
