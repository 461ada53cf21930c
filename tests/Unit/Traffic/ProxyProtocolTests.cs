using System.Net;
using System.Net.Security;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Traffic.Http2;
using Mainstay.Tests.Traffic.Tls;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Connections that begin with a header of the PROXY protocol, through the whole path.</summary>
public abstract class ProxyProtocolTests(TransportKind kind) : OnBothTransports(kind), IAsyncLifetime
{
    const string Get = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    readonly FakeTime time = new();
    readonly TestAuthority authority = new();
    RawUpstream upstream = null!;
    GatewayUnderTest gateway = null!;
    string asked = "";

    public ValueTask InitializeAsync()
    {
        upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                asked = head;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        gateway = new GatewayUnderTest([upstream.Endpoint()], time: time, tls: authority.Terms(authority.Issue("one", "a.test")), kind: Kind);
        With(new ProxyProtocolSpec());
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_client_is_who_the_header_tells_however_its_bytes_arrive()
    {
        foreach (var header in new[] { ProxyHeaderTests.Text(IPAddress.Parse("192.0.2.7"), 4711), ProxyHeaderTests.Binary(IPAddress.Parse("192.0.2.7"), 4711, [0xEE, 0, 1, 0]) })
        {
            foreach (var piece in new[] { 1000, 13, 1 })
            {
                using var client = await gateway.ConnectAsync();
                foreach (var part in header.Concat(Encoding.ASCII.GetBytes(Get)).Chunk(piece)) await client.Socket.SendAsync(part);
                (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
                asked.ShouldContain("X-Forwarded-For: 192.0.2.7\r\n");
                // The header is there once, at the beginning.
                await client.SendAsync(Get);
                (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
                asked.ShouldContain("X-Forwarded-For: 192.0.2.7\r\n");
            }
        }
        gateway.Batch().Policies.Single(p => p.Policy == "proxy-protocol gateway").Numbers["connections"].ShouldBe(6);
    }

    [Theory]
    [InlineData(ProxyVersion.V1)]
    [InlineData(ProxyVersion.V2)]
    public async Task An_instance_is_told_whose_connection_it_is(ProxyVersion version)
    {
        var told = new List<string>();
        await using var instance = new RawUpstream(async (peer, _) =>
        {
            told.Add(version == ProxyVersion.V1 ? await peer.ReadUntilAsync("\r\n") : await peer.ReadAsync(28));
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        await using var telling = Gateway([instance.Endpoint()], time: time);
        telling.Apply([instance.Endpoint()], new TrafficSpec { ProxyProtocol = version });
        using var one = await telling.ConnectAsync();
        using var two = await telling.ConnectAsync();
        foreach (var client in new[] { one, two, one, two })
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
        }
        // Each client has one of its own, which is used again for it alone.
        told.Select(header =>
        {
            ProxyHeader.Read(Encoding.Latin1.GetBytes(header), out var read).ShouldBe(ProxyHeaderStatus.Complete);
            return read.Source;
        }).ShouldBe([(IPEndPoint)one.Socket.LocalEndPoint!, (IPEndPoint)two.Socket.LocalEndPoint!]);
    }

    [Fact]
    public async Task The_senders_own_connections_are_its_own()
    {
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("PROXY UNKNOWN\r\n" + Get);
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
        asked.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
    }

    [Fact]
    public async Task It_comes_before_TLS_and_before_either_HTTP2()
    {
        using var secure = await SecureAsync(SslApplicationProtocol.Http11);
        await secure.WriteAsync(Encoding.ASCII.GetBytes(Get));
        var buffer = new byte[4096];
        Encoding.ASCII.GetString(buffer, 0, await secure.ReadAsync(buffer)).ShouldStartWith("HTTP/1.1 200 ");
        asked.ShouldContain("X-Forwarded-For: 192.0.2.9\r\n");
        asked.ShouldContain("X-Forwarded-Proto: https\r\n");

        foreach (var (scheme, listener) in new[] { ("https", gateway.Secure), ("http", gateway.At) })
        {
            asked = "";
            using var http2 = Http2Clients.Through(async (_, stop) =>
            {
                var raw = await RawPeer.ConnectAsync(listener);
                await raw.Socket.SendAsync(ProxyHeaderTests.Text(IPAddress.Parse("192.0.2.9"), 1), stop);
                return new System.Net.Sockets.NetworkStream(raw.Socket, ownsSocket: true);
            });
            (await http2.GetStringAsync(new Uri($"{scheme}://{listener}/"))).ShouldBe("ok");
            asked.ShouldContain("X-Forwarded-For: 192.0.2.9\r\n");
        }
    }

    [Theory]
    [InlineData(Get)]
    [InlineData("PROXY TCP4 1.2.3.4\r\n" + Get)]
    [InlineData("\x16\x03\x01\x02\x00\x01")]
    public async Task Without_a_good_header_nothing_is_answered(string bytes)
    {
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(bytes);
        (await client.IsEndedAsync()).ShouldBeTrue();
        gateway.Batch().Policies.Single(p => p.Policy == "proxy-protocol gateway").Numbers["refused"].ShouldBe(1);
        upstream.Accepted.ShouldBe(0);
    }

    [Fact]
    public async Task A_header_that_does_not_come_is_not_waited_for()
    {
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("PROXY TCP4 192");
        await Until.HoldsAsync(() => Task.FromResult(client.Socket.Poll(0, System.Net.Sockets.SelectMode.SelectRead)), () => time.Advance(TimeSpan.FromSeconds(1)));
        (await client.IsEndedAsync()).ShouldBeTrue();
        await Until.HoldsAsync(() => gateway.Gateway.Connections == 0);
    }

    [Fact]
    public async Task Only_trusted_senders_tell_of_clients()
    {
        With(new ProxyProtocolSpec { From = ["10.0.0.0/8"] });
        using (var client = await gateway.ConnectAsync())
        {
            await client.SendAsync(Get);
            (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
        }
        using (var liar = await gateway.ConnectAsync())
        {
            await liar.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n" + Get);
            (await liar.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 400 ");
        }
        With(new ProxyProtocolSpec { From = ["10.0.0.0/8", "127.0.0.0/8"] });
        using var sender = await gateway.ConnectAsync();
        await sender.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n" + Get);
        (await sender.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
        asked.ShouldContain("X-Forwarded-For: 192.0.2.7\r\n");
    }

    void With(ProxyProtocolSpec spec) => gateway.Change(table => table with
    {
        Listeners = [.. table.Listeners.Select(one => one.Kind == ListenerKind.Gateway ? one with { ProxyProtocol = spec } : one)],
    });

    async Task<SslStream> SecureAsync(SslApplicationProtocol application)
    {
        var raw = await RawPeer.ConnectAsync(gateway.Secure);
        await raw.Socket.SendAsync(ProxyHeaderTests.Binary(IPAddress.Parse("192.0.2.9"), 1, []));
        var stream = new SslStream(new System.Net.Sockets.NetworkStream(raw.Socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "a.test", ApplicationProtocols = [application], RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null,
        });
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await upstream.DisposeAsync();
        authority.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class ProxyProtocolOnSockets() : ProxyProtocolTests(TransportKind.Sockets);

public sealed class ProxyProtocolOnLoops() : ProxyProtocolTests(TransportKind.Epoll);
