using System.Net;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.Host.Api;
using Mainstay.Host.Roles;
using Mainstay.Host.Security;
using Mainstay.State.Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mainstay.Host.Cluster;

/// <summary>
/// Where servers join, at every server of the cluster, whether it leads or not. In exchange for a token it gives what makes a server one of them: the key of the cluster's authority, and of
/// that which signs hosts. Nothing else is there.
/// </summary>
/// <param name="place">Where it listens.</param>
/// <param name="identity">What it shows.</param>
/// <param name="hosts">The authority that signs hosts.</param>
/// <param name="members">The members, as they are known now.</param>
/// <param name="useOnce">Notes that a token was used by somebody; false where another did before.</param>
/// <param name="time">Judges tokens.</param>
/// <param name="say">For the log.</param>
sealed class ClusterDoor(
    ClusterPlace place, ClusterIdentity identity, NodeAuthority hosts, Func<IReadOnlyList<ClusterMember>> members,
    Func<string, string, TimeSpan, CancellationToken, Task<bool>> useOnce, TimeProvider time, Action<string> say) : IAsyncDisposable
{
    public const string AuthorityPath = "/cluster/authority";
    public const string JoinPath = "/cluster/join";

    WebApplication? app;

    public async Task StartAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 4096;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Listen(place.DoorEnd, listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => identity.Authority.Server()));
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ApiServer.StopWithin);
        app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync(stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }

    async Task AnswerAsync(HttpContext context)
    {
        var answer = (context.Request.Method, context.Request.Path.Value) switch
        {
            ("GET", AuthorityPath) => Answer.Json(new ClusterAuthorityGiven(identity.Authority.Pem)),
            ("POST", JoinPath) => await JoinAsync(context),
            _ => ProblemAnswer.NotFound("servers join here, and there is nothing else", "use the address of the Admin API"),
        };
        await answer.WriteAsync(context);
    }

    async Task<Answer> JoinAsync(HttpContext context)
    {
        ServerJoinAsk? ask;
        try
        {
            ask = await JsonCalls.ReadAsync<ServerJoinAsk>(context.Request.Body, context.RequestAborted);
        }
        catch (Exception wrong) when (wrong is JsonException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            return ProblemAnswer.BadRequest("the request cannot be read", "join with 'mainstay server --cluster ADDRESS --join URL --token TOKEN'");
        }

        if (ask is null || !Names.IsValid(ask.Name))
            return ProblemAnswer.BadRequest("the server's name is none", "give --name as letters, digits and '-'");
        var now = time.GetUtcNow();
        if (ServerTokens.Read(identity.Authority, ask.Token, now) is not { } token)
            return Refused("the token is not of this cluster, or has ended");
        try
        {
            if (!await useOnce(token.Id, ask.Name, token.Until - now, context.RequestAborted))
                return Refused("another server joined with the token");
        }
        catch (StoreUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable($"the cluster cannot decide anything now: {unavailable.Message}", "it is tried again");
        }

        say($"gives '{ask.Name}' at {context.Connection.RemoteIpAddress} what makes it a server of this cluster");
        return Answer.Json(new ServerJoinGiven(identity.Authority.Pem, identity.Authority.KeyPem, hosts.Pem, hosts.KeyPem, [.. members().Select(m => m.Client).OfType<Uri>()]));
    }

    static ProblemAnswer Refused(string what) => new(StatusCodes.Status401Unauthorized, "token", what, "'mainstay server token' makes another one");

    sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>The cluster's authority.</summary>
/// <param name="Pem">Its certificate.</param>
public sealed record ClusterAuthorityGiven(string Pem);

/// <summary>What a server joins with.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Token">As it was given.</param>
public sealed record ServerJoinAsk(string Name, string? Token);

/// <summary>What makes a server one of the cluster.</summary>
/// <param name="Authority">Certificate of the cluster's authority, as PEM.</param>
/// <param name="AuthorityKey">Its key.</param>
/// <param name="Hosts">Certificate of the authority that signs hosts.</param>
/// <param name="HostsKey">Its key.</param>
/// <param name="Members">Where the members answer their clients.</param>
public sealed record ServerJoinGiven(string Authority, string AuthorityKey, string Hosts, string HostsKey, IReadOnlyList<Uri> Members);
