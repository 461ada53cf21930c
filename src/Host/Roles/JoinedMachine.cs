using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Host.Api;
using Mainstay.Core.Kinds;
using Mainstay.Core.Servers;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.Schedule.Drivers;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>
/// A machine that joins the server of another one: it exchanges its token for a certificate, once, then keeps an agent and a gateway running, so that what its instances call is reached through a
/// gateway beside them. Ends with both; instances run on and are adopted by the next run.
/// </summary>
static class JoinedMachine
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>Runs until stopped; 1 where it cannot join.</summary>
    /// <param name="arguments">What it was told.</param>
    /// <param name="doors">Of the servers on one store; one of them leads.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task<int> RunAsync(RoleArguments arguments, IReadOnlyList<Uri> doors, TimeProvider time, CancellationToken stop)
    {
        var door = doors[0];
        void Say(string line) => Role.Say(time, line);
        var credentials = new NodeCredentials(arguments.Data.Node, time);
        if (!credentials.Exist && await JoinAsync(arguments, doors, credentials, time, stop) is { } problem)
        {
            Say($"{problem.What}; {problem.Remedy}");
            return 1;
        }

        if (stop.IsCancellationRequested)
        {
            return 0;
        }

        Say($"{arguments.HostName} belongs to {door}; its certificate ends at {credentials.Until:u}");
        var address = arguments.Machine.Address ?? AddressTowards(door);
        using var events = new EventThread("roles");
        using var sockets = new FdStore();
        var listening = new TaskCompletionSource();
        var handing = sockets.RunAsync(arguments.Data.FdSocket, stop, () => listening.TrySetResult());
        await Task.WhenAny(listening.Task, handing);
        var machine = arguments.Machine with { Address = address, Mesh = arguments.Machine.Mesh ?? MeshPlace.Of(arguments.Data, address, door.Port + 1) };
        RoleKeeper Keeper(string role) => new(role, () => Start(role, arguments, doors, machine), events, time, Say);
        await Task.WhenAll(Keeper("gateway").RunAsync(Patience, stop), Keeper("agent").RunAsync(Patience, stop), RenewAsync(doors, credentials, time, Say, stop), handing);
        return 0;
    }

    static RoleStart Start(string role, RoleArguments arguments, IReadOnlyList<Uri> doors, MachineArguments machine)
    {
        var settings = new RoleSettings(arguments.Data, string.Join(',', doors.Select(d => d.GetLeftPart(UriPartial.Authority))), null, null, new(null, null, null));
        var start = settings.Start(role);
        List<string> words = [.. start.Arguments, "--name", arguments.HostName, .. machine.Write()];
        words.AddRange(arguments.Zone is { } zone ? ["--zone", zone] : []);
        var environment = start.Environment.Where(e => e.Key != "MAINSTAY_JOIN_TOKEN").ToDictionary(StringComparer.Ordinal);
        return start with { Arguments = words, Environment = environment };
    }

    // 1. The authority, by the fingerprint in the token. 2. The certificate, over TLS that this authority vouches for.
    static async Task<Problem?> JoinAsync(RoleArguments arguments, IReadOnlyList<Uri> doors, NodeCredentials credentials, TimeProvider time, CancellationToken stop)
    {
        if (arguments.Machine.Token?.Split('.') is not [_, _, { Length: 64 } fingerprint])
        {
            return new("token", "a machine joins with a token", "give --token or MAINSTAY_JOIN_TOKEN as 'mainstay host token' made it");
        }

        for (var round = 0; !stop.IsCancellationRequested; round++)
        {
            var door = doors[round % doors.Count];
            try
            {
                // Whoever it is: what it says is believed only for its fingerprint.
                using var stranger = Client(door, (_, shown, _, _) => shown is not null);
                var given = await stranger.GetJsonAsync<AuthorityGiven>("join/authority", stop);
                using var authority = X509Certificate2.CreateFromPem(given!.Pem);
                if (NodeAuthority.FingerprintOf(authority) != fingerprint)
                {
                    return new("join", $"{door} is not the server that the token is of", "check the address, or ask for another token");
                }

                return await ExchangeAsync(arguments, door, authority, credentials, time, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception fault) when (IsPassing(fault) || fault is CryptographicException)
            {
                Role.Say(time, $"{door} does not answer yet: {fault.Message}");
                await Task.Delay(Retry, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    // A connection that is not made in time is told as cancelled.
    static bool IsPassing(Exception fault) => fault is HttpRequestException or IOException or System.Text.Json.JsonException or OperationCanceledException;

    static async Task<Problem?> ExchangeAsync(RoleArguments arguments, Uri door, X509Certificate2 authority, NodeCredentials credentials, TimeProvider time, CancellationToken stop)
    {
        using var known = Client(door, (_, shown, _, _) => NodeCredentials.IsServer(authority, shown as X509Certificate2, time.GetUtcNow()));
        var (key, request) = NodeCredentials.Ask();
        using (key)
        {
            using var answer = await known.PostJsonAsync("join", new JoinAsk(arguments.HostName, arguments.Machine.Token, Convert.ToBase64String(request)), stop);
            if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Conflict or HttpStatusCode.BadRequest)
            {
                var problem = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop));
                return new("join", (string?)problem?["detail"] ?? $"the server answers {(int)answer.StatusCode}", (string?)problem?["remedy"] ?? "'mainstay host token' makes another token");
            }

            answer.EnsureSuccessStatusCode();
            var joined = await answer.ReadAsync<JoinGiven>(stop);
            credentials.Keep(key, joined!.Certificate, authority.ExportCertificatePem());
        }

        return null;
    }

    static async Task RenewAsync(IReadOnlyList<Uri> doors, NodeCredentials credentials, TimeProvider time, Action<string> say, CancellationToken stop)
    {
        using var choice = new ServerChoice(doors);
        while (!stop.IsCancellationRequested)
        {
            if (time.GetUtcNow() >= credentials.RenewAt)
            {
                try
                {
                    await RenewNowAsync(choice, credentials, stop);
                    say($"the certificate was renewed and ends at {credentials.Until:u}");
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception fault) when (IsPassing(fault))
                {
                    say($"the certificate, which ends at {credentials.Until:u}, could not be renewed and will be tried again: {fault.Message}");
                }
            }

            await Task.Delay(PauseBefore(credentials.RenewAt, time), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Until a certificate is to be looked at again; a second at the least.</summary>
    public static TimeSpan PauseBefore(DateTimeOffset due, TimeProvider time) => TimeSpan.FromTicks(Math.Clamp((due - time.GetUtcNow()).Ticks, Retry.Ticks, LongestPause.Ticks));

    static async Task RenewNowAsync(ServerChoice choice, NodeCredentials credentials, CancellationToken stop)
    {
        var direct = new ConnectFaults(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5), SslOptions = credentials.Tls() });
        using var client = new HttpClient(new ServerHandler(choice, direct)) { BaseAddress = choice.Current };
        var (key, request) = NodeCredentials.Ask();
        using (key)
        {
            using var answer = await client.PostJsonAsync("internal/v1/renew", new RenewAsk(Convert.ToBase64String(request)), stop);
            answer.EnsureSuccessStatusCode();
            credentials.Renew(key, (await answer.ReadAsync<JoinGiven>(stop)).Certificate);
        }
    }

    static HttpClient Client(Uri door, System.Net.Security.RemoteCertificateValidationCallback isServer) => new(new ConnectFaults(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        SslOptions = new() { RemoteCertificateValidationCallback = isServer },
    })) { BaseAddress = door };

    // Nothing is sent: the system says which of its addresses it would use.
    static IPAddress AddressTowards(Uri door)
    {
        var server = IPAddress.Parse(door.Host.Trim('[', ']'));
        using var probe = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        probe.Connect(server, door.Port);
        return ((IPEndPoint)probe.LocalEndPoint!).Address;
    }
}
