using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>A gateway with one guarded route to a service that answers 200 to all, and remembers what it was asked.</summary>
public sealed class GuardedGateway : IAsyncDisposable
{
    readonly RawUpstream upstream;
    readonly GatewayUnderTest gateway;

    public GuardedGateway(GuardSpec guard, TimeProvider? time = null, PathLimits? limits = null, Func<RouteSpec, RouteSpec>? more = null)
    {
        upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                Asked = head;
                if (head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase) is >= 0 and var at) Asked += await peer.ReadAsync(int.Parse(head[(at + 16)..head.IndexOf('\r', at)]));
                if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase)) Asked += await peer.ReadUntilAsync("0\r\n\r\n");
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        gateway = new GatewayUnderTest([upstream.Endpoint()], limits, time, Routes.All(spec => (more?.Invoke(spec) ?? spec) with { Guard = guard }));
    }

    /// <summary>What the service got last.</summary>
    public string Asked { get; private set; } = "";

    public Mainstay.Traffic.Path.Gateway Gateway => gateway.Gateway;

    public EndpointModel Endpoint => upstream.Endpoint();

    public GatewayUnderTest Under => gateway;

    /// <summary>The response to a GET with these header lines.</summary>
    public Task<string> GetAsync(string lines = "", string target = "/") => gateway.AskAsync($"GET {target} HTTP/1.1\r\nHost: h\r\n{lines}Connection: close\r\n\r\n");

    public async Task<string> StatusAsync(string lines = "", string target = "/") => (await GetAsync(lines, target)).Split(' ')[1];

    /// <summary>How the guard says it stands.</summary>
    public PolicyReport Report() => gateway.Batch().Policies.Single(policy => policy.Kind == "guard");

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await upstream.DisposeAsync();
    }
}
