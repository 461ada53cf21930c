using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Security;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Mesh;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>Two gateways as on two hosts: what the one sends to an instance of the other's host passes the other's door for hosts.</summary>
public abstract class MeshTests(TransportKind kind) : IAsyncLifetime
{
    const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    readonly TempFolder folder = new();
    readonly List<NodeModel> nodes = [];
    NodeAuthority authority = null!;
    Gateway near = null!;
    Gateway far = null!;
    long revision;

    public ValueTask InitializeAsync()
    {
        authority = NodeAuthority.Open(folder["ca"], TimeProvider.System);
        near = new Gateway(OnBothTransports.Of(kind), mesh: Join("h1"));
        far = new Gateway(OnBothTransports.Of(kind), mesh: Join("h2"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await near.DisposeAsync();
        await far.DisposeAsync();
        (near.LastFault ?? far.LastFault).ShouldBeNull();
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task ARequestReachesAnInstanceOfAnotherHostAndNothingOfItIsReadableOnTheWay()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        await using var wire = new Listening(far.AddressOf(MeshTerms.Listener)!);
        Apply(wire.At, ("one", upstream.Port));

        using var client = await RawPeer.ConnectAsync(near.AddressOf("gateway")!);
        for (var n = 0; n < 3; n++)
        {
            await client.SendAsync("GET /open-secret HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadResponseAsync()).ShouldEndWith("ok");
        }

        upstream.Accepted.ShouldBe(1);
        var seen = wire.Seen;
        seen.Length.ShouldBeGreaterThan(1000);
        seen.ShouldNotContain("open-secret");
        seen.ShouldNotContain("HTTP/1.1");
        far.TakeRecords("far", 1, 0).Records.ShouldBeEmpty();
    }

    [Fact]
    public async Task AGatewayReachesInstancesOfItsOwnHostDirectly()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        using var client = await RawPeer.ConnectAsync(far.AddressOf("gateway")!);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
        far.Mesh!.Open.ShouldBe(0);
    }

    [Fact]
    public async Task WhoIsNoHostThatHasJoinedIsRefused()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        var door = far.AddressOf(MeshTerms.Listener)!;
        using var other = new TempFolder();
        var stranger = Sign(NodeAuthority.Open(other["ca"], TimeProvider.System), "h1");
        var unknown = Sign(authority, "h9");
        var borrowed = Sign(authority, "h1");

        using (var plain = await RawPeer.ConnectAsync(door))
        {
            await plain.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            (await plain.IsEndedAsync()).ShouldBeTrue();
        }
        (await IsWelcomeAsync(door, null, "one")).ShouldBeFalse();
        (await IsWelcomeAsync(door, stranger, "one")).ShouldBeFalse();
        (await IsWelcomeAsync(door, unknown, "one")).ShouldBeFalse();
        (await IsWelcomeAsync(door, borrowed, "one")).ShouldBeFalse();
        using var own = X509Certificate2.CreateFromPemFile(folder["h1.pem"], folder["h1.pem"]);
        (await IsWelcomeAsync(door, own, "one", "http/1.1")).ShouldBeFalse();
        (await IsWelcomeAsync(door, own, "another")).ShouldBeFalse();
        (await IsWelcomeAsync(door, own, "one")).ShouldBeTrue();
        far.Mesh!.Refused.ShouldBe(3);
    }

    [Fact]
    public async Task WhatComesFromAHostThatWasRemovedIsCut()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        (await AskAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).ShouldEndWith("ok");
        far.Mesh!.Open.ShouldBe(1);

        nodes.RemoveAll(node => node.Host == "h1");
        Apply(("one", upstream.Port));

        await Until.HoldsAsync(() => far.Mesh!.Open == 0);
        (await AskAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).ShouldContain("connect-failed");
    }

    [Fact]
    public async Task ADeadInstanceIsOneThatCouldNotBeConnectedTo()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("dead", RawUpstream.DeadPort()), ("one", upstream.Port));
        // Not to be repeated, and still answered: nothing was sent to the dead one.
        for (var n = 0; n < 4; n++) (await AskAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")).ShouldEndWith("ok");
    }

    [Fact]
    public async Task WithoutACertificateNothingIsSentInTheClear()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        await using var alone = new Gateway(OnBothTransports.Of(kind));
        var applied = alone.Apply(Table(far.AddressOf(MeshTerms.Listener)!, ("one", upstream.Port)));
        applied.Problems.Single().ShouldContain("no secured way");
        using var client = await RawPeer.ConnectAsync(alone.AddressOf("gateway")!);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await client.ReadResponseAsync()).ShouldContain("connect-failed");
        upstream.Accepted.ShouldBe(0);
    }

    [Fact]
    public async Task ARenewedCertificateIsTakenUpAndConnectionsOfTheOneBeforeAreUsedUp()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        // One client, so that one connection is enough.
        using var client = await RawPeer.ConnectAsync(near.AddressOf("gateway")!);
        await AskOnAsync(client);
        upstream.Accepted.ShouldBe(1);

        var before = nodes.Single(node => node.Host == "h1").Keys[0];
        Join("h1");
        nodes.RemoveAll(node => node.Host == "h1" && node.Keys[0] == before);
        var after = nodes.Single(node => node.Host == "h1").Keys[0];
        nodes[nodes.FindIndex(node => node.Host == "h1")] = new("h1", [after, before]);
        Apply(("one", upstream.Port));

        // No request fails on the way from the one to the other, after which the one before is worth nothing.
        await Until.HoldsAsync(async () =>
        {
            await AskOnAsync(client);
            return upstream.Accepted == 2;
        });
        nodes[nodes.FindIndex(node => node.Host == "h1")] = new("h1", [after]);
        Apply(("one", upstream.Port));
        await AskOnAsync(client);
        upstream.Accepted.ShouldBe(2);
        await Until.HoldsAsync(() => far.Mesh!.Open == 1);
    }

    [Fact]
    public async Task AnInstanceThatLeftTheTableIsStillReachedByThoseWhoHaveAnOlderOne()
    {
        await using var upstream = RawUpstream.Always(Answer);
        Apply(("one", upstream.Port));
        var door = far.AddressOf(MeshTerms.Listener)!;
        far.Apply(Table(door));
        (await AskAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).ShouldEndWith("ok");

        // And one that comes is waited for a moment.
        using var own = X509Certificate2.CreateFromPemFile(folder["h1.pem"], folder["h1.pem"]);
        var early = IsWelcomeAsync(door, own, "two");
        far.Apply(Table(door, ("two", upstream.Port)));
        (await early).ShouldBeTrue();
    }

    [Fact]
    public async Task AnythingThatIsSpokenPasses()
    {
        await using var kestrel = await KestrelEndpoint.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol), HttpProtocols.Http2);
        var door = Apply(new TrafficSpec { Protocol = UpstreamProtocol.H2c }, null, ("one", kestrel.Port));
        (await AskAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", toEnd: true)).ShouldContain("HTTP/2");

        await using var upgraded = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
            await peer.SendAsync((await peer.ReadAsync(4)).ToUpperInvariant());
        });
        Apply(null, door, ("two", upgraded.Port));
        using var client = await RawPeer.ConnectAsync(near.AddressOf("gateway")!);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        (await client.ReadHeadAsync())!.ShouldStartWith("HTTP/1.1 101");
        await client.SendAsync("ping");
        (await client.ReadAsync(4)).ShouldBe("PING");
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task ADrainWaitsForAnswersAndEndsWhatIsIdle()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await go.Task;
            await peer.SendAsync(Answer);
            await peer.IsEndedAsync();
        });
        Apply(("one", upstream.Port));
        var asking = AskAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await Until.HoldsAsync(() => asking.IsCompleted || (upstream.Accepted > 0 && far.Mesh!.Open > 0));
        asking.IsCompleted.ShouldBeFalse(asking.IsCompleted ? await asking : "");
        var draining = far.DrainAsync(Until.Patience);
        draining.IsCompleted.ShouldBeFalse();
        go.SetResult();
        (await asking).ShouldEndWith("ok");
        (await draining).ShouldBeTrue();
    }

    void Apply(params (string Name, int Port)[] instances) => Apply(null, null, instances);

    void Apply(IPEndPoint door, params (string Name, int Port)[] instances) => Apply(null, door, instances);

    IPEndPoint Apply(TrafficSpec? traffic, IPEndPoint? door, params (string Name, int Port)[] instances)
    {
        var real = far.AddressOf(MeshTerms.Listener);
        if (real is null)
        {
            far.Apply(Table(new IPEndPoint(IPAddress.Loopback, 1)));
            real = far.AddressOf(MeshTerms.Listener)!;
        }
        far.Apply(Table(real, instances));
        var table = Table(door ?? real, instances);
        near.Apply(table with { Clusters = [table.Clusters[0] with { Traffic = traffic ?? Routes.RoundRobin }] }).Problems.ShouldBeEmpty();
        return real;
    }

    TableModel Table(IPEndPoint door, params (string Name, int Port)[] instances) => new(
        ++revision,
        [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
        [Routes.All()],
        [new ClusterModel("s", [.. instances.Select(one => new EndpointModel(one.Name, "127.0.0.1", one.Port) { Via = new ViaModel("h2", "127.0.0.1", door.Port) })], Routes.RoundRobin)])
    {
        Nodes = [.. nodes],
    };

    MeshTerms Join(string host)
    {
        using var certificate = Sign(authority, host);
        File.WriteAllText(folder[$"{host}.new"], certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem());
        File.Move(folder[$"{host}.new"], folder[$"{host}.pem"], overwrite: true);
        nodes.Add(new NodeModel(host, [NodeAuthority.KeyOf(certificate)]));
        return new MeshTerms(host, "127.0.0.1", 0, folder[$"{host}.pem"], folder["ca/ca.pem"]);
    }

    static X509Certificate2 Sign(NodeAuthority by, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = by.SignHost(new CertificateRequest("CN=asks", key, HashAlgorithmName.SHA256).CreateSigningRequest(), host)!;
        return signed.CopyWithPrivateKey(key);
    }

    async Task<string> AskAsync(string request, bool toEnd = false)
    {
        using var client = await RawPeer.ConnectAsync(near.AddressOf("gateway")!);
        await client.SendAsync(request);
        return toEnd ? await client.ReadToEndAsync() : await client.ReadResponseAsync();
    }

    static async Task AskOnAsync(RawPeer client)
    {
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
    }

    // Whether the far side says that the instance is connected.
    async Task<bool> IsWelcomeAsync(IPEndPoint door, X509Certificate2? shown, string instance, string application = HostIdentity.MeshProtocol)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(door);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = instance,
                ApplicationProtocols = [new SslApplicationProtocol(application)],
                ClientCertificates = shown is null ? null : [shown],
                RemoteCertificateValidationCallback = (_, seen, _, _) => seen is X509Certificate2 certificate && authority.HostOf(certificate) == "h2",
            });
            return await tls.ReadAsync(new byte[1]) == 1;
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            return false;
        }
    }

    /// <summary>Somebody between two hosts who keeps all that passes.</summary>
    sealed class Listening : IAsyncDisposable
    {
        readonly TcpListener door = new(IPAddress.Loopback, 0);
        readonly MemoryStream kept = new();
        readonly IPEndPoint to;
        readonly Task running;

        public Listening(IPEndPoint to)
        {
            this.to = to;
            door.Start();
            At = (IPEndPoint)door.LocalEndpoint;
            running = RunAsync();
        }

        public IPEndPoint At { get; }

        public string Seen
        {
            get { lock (kept) return Encoding.Latin1.GetString(kept.ToArray()); }
        }

        public async ValueTask DisposeAsync()
        {
            door.Stop();
            await running;
        }

        async Task RunAsync()
        {
            try
            {
                while (true)
                {
                    var from = await door.AcceptTcpClientAsync();
                    var on = new TcpClient();
                    await on.ConnectAsync(to);
                    _ = CopyAsync(from, on);
                    _ = CopyAsync(on, from);
                }
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        async Task CopyAsync(TcpClient from, TcpClient to)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is > 0 and var count)
                {
                    lock (kept) kept.Write(buffer, 0, count);
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (IOException)
            {
                // One side broke off; the other learns it.
            }
            to.Dispose();
        }
    }
}

public sealed class MeshOnSocketsTests() : MeshTests(TransportKind.Sockets);

public sealed class MeshOnEpollTests() : MeshTests(TransportKind.Epoll);
