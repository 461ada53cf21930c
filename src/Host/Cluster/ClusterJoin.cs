using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Host.Api;
using Mainstay.Core.Kinds;
using Mainstay.Core.Servers;
using Mainstay.Core.Store;
using Mainstay.Host.Security;

namespace Mainstay.Host.Cluster;

/// <summary>Exchanges a token for what makes a server one of a cluster. Nothing is written before everything was given.</summary>
static class ClusterJoin
{
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>Joins, waiting for a server that answers; gives the members' client addresses.</summary>
    /// <exception cref="StoreUnavailableException">Refused; why, and what to do.</exception>
    public static async Task<IReadOnlyList<Uri>> RunAsync(Uri door, string? token, string name, string folder, string hosts, TimeProvider time, Action<string> say, CancellationToken stop)
    {
        var fingerprint = ServerTokens.FingerprintOf(token)
            ?? throw new StoreUnavailableException("a server joins with a token; give --token or MAINSTAY_JOIN_TOKEN as 'mainstay server token' made it");
        string? said = null;
        while (true)
        {
            try
            {
                return await ExchangeAsync(door, token!, fingerprint, name, folder, hosts, time, stop);
            }
            catch (Exception fault) when (!stop.IsCancellationRequested && fault is HttpRequestException or IOException or JsonException or OperationCanceledException or CryptographicException)
            {
                if (fault.Message != said)
                    say($"{door} does not let this server in yet: {said = fault.Message}");
                await Task.Delay(Retry, time, stop);
            }
        }
    }

    // 1. The authority, by the fingerprint in the token. 2. The rest, over TLS that this authority vouches for.
    static async Task<IReadOnlyList<Uri>> ExchangeAsync(Uri door, string token, string fingerprint, string name, string folder, string hosts, TimeProvider time, CancellationToken stop)
    {
        // Whoever it is: what it says is believed only for its fingerprint.
        using var stranger = Client(door, static (_, shown, _, _) => shown is not null);
        var given = await stranger.GetJsonAsync<ClusterAuthorityGiven>(ClusterDoor.AuthorityPath, stop);
        using var authority = X509Certificate2.CreateFromPem(given!.Pem);
        if (NodeAuthority.FingerprintOf(authority) != fingerprint)
            throw new StoreUnavailableException($"{door} is not a server of the cluster that the token is of; check the address, or ask for another token");
        using var known = Client(door, (_, shown, _, _) => NodeCredentials.IsServer(authority, shown as X509Certificate2, time.GetUtcNow()));
        using var answer = await known.PostJsonAsync(ClusterDoor.JoinPath, new ServerJoinAsk(name, token), stop);
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest)
        {
            var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop));
            throw new StoreUnavailableException($"{(string?)problem?["detail"]}; {(string?)problem?["remedy"]}");
        }

        answer.EnsureSuccessStatusCode();
        var joined = await answer.ReadAsync<ServerJoinGiven>(stop);
        NodeAuthority.Keep(hosts, joined.Hosts, joined.HostsKey);
        // Last: from then on this server counts as one of the cluster.
        NodeAuthority.Keep(ClusterIdentity.AuthorityFolder(folder), joined.Authority, joined.AuthorityKey);
        return joined.Members;
    }

    static HttpClient Client(Uri door, System.Net.Security.RemoteCertificateValidationCallback isServer) => new(new ConnectFaults(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        SslOptions = new() { RemoteCertificateValidationCallback = isServer },
    })) { BaseAddress = door, Timeout = TimeSpan.FromSeconds(15) };
}
