using System.Net;
using Mainstay.Core.Servers;
using Mainstay.Host.Api;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mainstay.Host.Roles;

/// <summary>
/// What a server that stands by answers with: it asks the one that leads, reads and writes alike, streams included. It lets in whom it would let in if
/// it led; the leader then judges the token itself. What agents and gateways say is for the leader alone.
/// </summary>
public sealed class Standby(ApiOptions options) : IAsyncDisposable
{
    /// <summary>Marks what one server passed on: another does not pass it on again.</summary>
    const string Passed = "X-Mainstay-Passed-On";

    // Of one connection (RFC 9110 §7.6.1), or about the page that asks, which this server has judged.
    static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Origin", "Expect",
        "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User",
    };

    readonly AccessRules rules = new(IPAddress.IsLoopback(options.EndPoint.Address), options.Token, options.InternalToken);
    WebApplication? app;
    HttpMessageInvoker? http;
    volatile Uri? leader;

    /// <summary>Says why nobody can lead, where that is known.</summary>
    public Func<string?> Outage { get; init; } = static () => null;

    /// <summary>Asks this server from now on; begins to listen with the first.</summary>
    public async Task AskAsync(Uri other, CancellationToken stop)
    {
        leader = other;
        if (app is not null)
            return;
        http = new(new ConnectFaults(new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(2), ActivityHeadersPropagator = null,
        }));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxConcurrentConnections = options.Limits.Connections;
            kestrel.Listen(options.EndPoint, listen => listen.Protocols = HttpProtocols.Http1AndHttp2);
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ApiServer.StopWithin);
        app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync(stop);
    }

    public async ValueTask DisposeAsync()
    {
        // What is under way breaks off: the leader may be paused, and never answer.
        http?.Dispose();
        if (app is not null)
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
            app = null;
        }
    }

    async Task AnswerAsync(HttpContext context)
    {
        if (rules.Refuse(context.Request) is { } refused)
        {
            await refused.WriteAsync(context);
            return;
        }

        if (context.Request.Path.StartsWithSegments("/internal") || context.Request.Headers.ContainsKey(Passed))
        {
            await ProblemAnswer.Unavailable("this server stands by", "ask the server that leads").WriteAsync(context);
            return;
        }

        using var request = RequestOf(context.Request);
        try
        {
            using var answer = await http!.SendAsync(request, context.RequestAborted);
            await RelayAsync(answer, context);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or ObjectDisposedException)
        {
            if (context.Response.HasStarted)
                context.Abort();
            else
                await ProblemAnswer.Unavailable(Outage() ?? "the server that leads broke off or is not there", "see whether it was done, then try again").WriteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
    }

    HttpRequestMessage RequestOf(HttpRequest from)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(leader!, $"{from.Path.ToUriComponent()}{from.QueryString.ToUriComponent()}"));
        if (from.ContentLength is > 0 || from.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(from.Body);
        foreach (var (name, values) in from.Headers)
        {
            if (!Kept.Contains(name) && !name.StartsWith(':') && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        request.Headers.TryAddWithoutValidation(Passed, "1");
        return request;
    }

    static async Task RelayAsync(HttpResponseMessage answer, HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!Kept.Contains(name))
                response.Headers[name] = values.ToArray();
        }

        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[16 * 1024];
        await response.StartAsync(context.RequestAborted);
        while (await body.ReadAsync(buffer, context.RequestAborted) is > 0 and var got)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, got), context.RequestAborted);
            // What streams is passed on as it comes.
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
