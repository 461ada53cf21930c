using System.Net;
using Mainstay.Host.Api.State;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mainstay.Host.Api;

/// <summary>Puts the Admin API together on Kestrel.</summary>
public static class ApiServer
{
    /// <summary>How long a stop waits for requests under way; streams end at once.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(1);

    // Connections that wait to be accepted: after a restart every reader comes back at the same moment, and whom the system leaves out tries again only after seconds. Its own bound (net.core.somaxconn) holds too.
    const int Waiting = 4096;

    /// <summary>A server that is ready to be started; nothing runs and nothing is bound before. It takes over no signals.</summary>
    /// <exception cref="ArgumentException">The options are not valid; ask <see cref="ApiOptions.Validate"/> first.</exception>
    public static WebApplication Build(ApiOptions options, ServerServices services)
    {
        if (options.Validate().FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem.ToString(), nameof(options));
        }

        var end = options.EndPoint;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.Backlog = Waiting).ConfigureKestrel(kestrel => Configure(kestrel, end, options.Limits));
        if (options is { Agents: { } door, Authority: { } authority })
        {
            builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Open(kestrel, door, authority));
        }

        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        var parts = new ApiParts(options, services);
        builder.Services.AddHostedService(_ => parts.Background);
        var app = builder.Build();
        Map(app, parts, new AccessRules(IPAddress.IsLoopback(end.Address), options.Token, options.InternalToken) { Nodes = parts.Nodes });
        return app;
    }

    static void Configure(KestrelServerOptions kestrel, IPEndPoint end, ApiLimits limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestLineSize = limits.RequestLineBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = limits.Headers;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.MaxRequestBodySize = 1 << 20;
        // Streams have their own rule for slow clients, on the server's clock.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(end, listen => listen.Protocols = HttpProtocols.Http1AndHttp2);
    }

    // Who shows no certificate may join at the most; whose certificate is not ours is told so by the rules, over a connection that proves nothing.
    static void Open(KestrelServerOptions kestrel, IPEndPoint door, NodeAuthority authority) => kestrel.Listen(door, listen =>
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => authority.Server();
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (shown, _, _) => authority.HostOf(shown, lapsed: true) is not null;
            https.SslProtocols = System.Security.Authentication.SslProtocols.None;
        });
    });

    static void Map(WebApplication app, ApiParts parts, AccessRules rules)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        var dispatcher = new Dispatcher(rules, parts.Services.OnFault);
        parts.Dispatcher = dispatcher;
        app.Use((context, next) => dispatcher.GuardAsync(context, next));
        if (parts.Services.Cluster is { } cluster)
        {
            app.Use((context, next) =>
            {
                // What is read now may be older than what was acknowledged elsewhere.
                if (cluster.State.Since is { } since)
                {
                    context.Response.Headers[ServerEndpoints.StaleHeader] = $"{Math.Max(0, (parts.Services.Time.GetUtcNow() - since).TotalSeconds):0}";
                }

                return next(context);
            });
        }

        parts.Dashboard.Use(app);
        foreach (var route in parts.Routes)
        {
            string[] methods = route.Method == "GET" ? ["GET", "HEAD"] : [route.Method];
            app.MapMethods(route.Path, methods, context => Dispatcher.ServeAsync(context, route, stopping));
        }
    }

    sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
