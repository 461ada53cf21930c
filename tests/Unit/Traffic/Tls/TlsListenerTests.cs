using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>A listener that speaks TLS, with real clients.</summary>
public sealed class TlsListenerTests : IDisposable
{
    const string Get = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    readonly TestAuthority authority = new();
    readonly FakeTime time = new();

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task A_request_passes_and_the_endpoint_learns_that_it_came_by_https()
    {
        string? seen = null;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                seen = head;
                await peer.SendAsync(Ok);
            }
        });
        await using var gateway = Gateway(upstream);
        using var client = Client();
        for (var count = 0; count < 3; count++) (await client.GetStringAsync(new Uri($"https://{gateway.Secure}/"))).ShouldBe("ok");
        seen!.ShouldContain("X-Forwarded-Proto: https\r\n");
    }

    [Fact]
    public async Task No_more_handshakes_are_under_way_than_there_may_be()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], null, time, null, authority.Terms(authority.Issue("one", "a.test")) with { MostHandshakes = 1 });
        double Of(string number) => gateway.Batch().Policies.Single(policy => policy.Policy == "handshakes").Numbers[number];
        using (await RawPeer.ConnectAsync(gateway.Secure))
        {
            await Until.HoldsAsync(() => Of("underWay") == 1);
            (await IsCutAsync(gateway.Secure)).ShouldBeTrue();
            Of("cut").ShouldBe(1);
        }
        await Until.HoldsAsync(() => Of("underWay") == 0);
        using var client = Client();
        (await client.GetStringAsync(new Uri($"https://{gateway.Secure}/"))).ShouldBe("ok");
    }

    [Theory]
    [InlineData(0.1, 1, 0)]
    [InlineData(60, 100_000, 0)]
    [InlineData(0.05, 0, 2)]
    [InlineData(61, 100_001, 2)]
    public void The_bounds_of_handshakes_have_bounds(double seconds, int most, int problems) =>
        new Mainstay.Core.Kinds.Traffic.HandshakeSpec { Time = TimeSpan.FromSeconds(seconds), Most = most }.Validate().Count().ShouldBe(problems);

    static async Task<bool> IsCutAsync(IPEndPoint at)
    {
        try
        {
            using var peer = await RawPeer.ConnectAsync(at);
            return await peer.IsEndedAsync();
        }
        catch (SocketException)
        {
            // The reset may come before the connect is over.
            return true;
        }
    }

    [Fact]
    public async Task The_time_of_a_handshake_is_the_listeners_own()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], null, time, null, authority.Terms(authority.Issue("one", "a.test")) with { HandshakeTime = TimeSpan.FromMinutes(1) });
        using var silent = await RawPeer.ConnectAsync(gateway.Secure);
        await Until.HoldsAsync(() => gateway.Batch().Policies.Single(policy => policy.Policy == "handshakes").Numbers["underWay"] == 1);
        var end = silent.IsEndedAsync();
        time.Advance(TimeSpan.FromSeconds(59));
        end.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(2));
        (await end).ShouldBeTrue();
    }

    [Fact]
    public async Task Certificates_are_exchanged_under_load_and_no_request_fails()
    {
        await using var upstream = RawUpstream.Always(Ok);
        var pair = authority.Issue("one", "a.test");
        // The clock runs ahead of the machine here: nothing is to be given up for that.
        var ever = TimeSpan.FromHours(10);
        var limits = new PathLimits { Connect = ever, Handshake = ever, HeadRead = ever, KeepAlive = ever, UpstreamIdle = ever, UpstreamStall = ever, BodyStall = ever };
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], limits, time, Routes.All(s => s with { Timeout = TimeSpan.FromHours(1) }), authority.Terms(pair));
        using var stopping = new CancellationTokenSource();
        // Half of the clients keep their connection, the other half begin anew each time.
        var clients = Enumerable.Range(0, 4).Select(number => Task.Run(() => LoadAsync(gateway.Secure, fresh: number % 2 == 0, stopping.Token))).ToArray();
        for (var generation = 0; generation < 5; generation++)
        {
            authority.Issue("one", "a.test", $"generation-{generation}.test");
            var name = $"generation-{generation}.test";
            await Until.HoldsAsync(async () => (await NamesAsync(gateway.Secure)).Contains(name), () => time.Advance(TimeSpan.FromSeconds(1)));
        }
        await stopping.CancelAsync();
        (await Task.WhenAll(clients)).Sum().ShouldBeGreaterThan(20);
        gateway.Batch().Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_bad_new_certificate_is_a_problem_that_is_told()
    {
        await using var upstream = RawUpstream.Always(Ok);
        var pair = authority.Issue("one", "a.test");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time, tls: authority.Terms(pair));
        await File.WriteAllTextAsync(pair.Certificate, "nonsense");
        await Until.HoldsAsync(() => gateway.Batch().Problems.Count > 0, () => time.Advance(TimeSpan.FromSeconds(1)));
        gateway.Batch().Problems.Single().ShouldContain(pair.Certificate);
        using var client = Client();
        (await client.GetStringAsync(new Uri($"https://{gateway.Secure}/"))).ShouldBe("ok");
    }

    [Fact]
    public async Task A_certificates_end_is_told_of_before_and_after_and_a_new_one_is_good_again()
    {
        await using var upstream = RawUpstream.Always(Ok);
        var now = time.GetUtcNow();
        var pair = authority.IssueUntil(now + TimeSpan.FromDays(10), "one", "a.test");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time, tls: authority.Terms(pair));
        var first = gateway.Batch();
        var report = first.Policies.Single(policy => policy.Kind == "certificate");
        (report.About, report.Policy, report.State, report.Numbers["daysLeft"]).ShouldBe(("gateway/gateway", "certificate one.pem", "expiring", 10));
        first.Notices.Count(notice => notice.Reason == "CertificateExpires").ShouldBe(1);
        gateway.Batch().Notices.ShouldBeEmpty();

        authority.IssueUntil(now - TimeSpan.FromDays(1), "one", "a.test");
        var notices = new List<Notice>();
        await Until.HoldsAsync(
            () =>
            {
                var batch = gateway.Batch();
                notices.AddRange(batch.Notices);
                return batch.Policies.Single(policy => policy.Kind == "certificate").State == "expired";
            },
            () => time.Advance(TimeSpan.FromSeconds(1)));
        notices.Select(notice => notice.Reason).ShouldBe(["CertificateExpired"]);

        authority.Issue("one", "a.test");
        await Until.HoldsAsync(() => gateway.Batch().Policies.Single(policy => policy.Kind == "certificate").State == "valid", () => time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_client_that_never_finishes_its_handshake_is_cut()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time, tls: authority.Terms(authority.Issue("one", "a.test")));
        using var silent = await RawPeer.ConnectAsync(gateway.Secure);
        await Until.HoldsAsync(() => gateway.Gateway.Connections > 0);
        var ended = silent.IsEndedAsync();
        // Its time begins when it was accepted, which may be just now.
        (await Until.DoneAsync(ended, () => time.Advance(TimeSpan.FromSeconds(1)))).ShouldBeTrue();
    }

    [Fact]
    public async Task Plain_bytes_on_a_secure_port_end_the_connection()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Gateway(upstream);
        using var plain = await RawPeer.ConnectAsync(gateway.Secure);
        await plain.SendAsync(Get);
        (await plain.ReadToEndAsync()).ShouldNotContain("HTTP/1.1");
        upstream.Accepted.ShouldBe(0);
    }

    [Fact]
    public async Task Every_piece_of_a_big_exchange_arrives()
    {
        var body = new string('z', 700_000);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            var got = await peer.ReadAsync(body.Length);
            await peer.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {got.Length}\r\n\r\n{got}");
        });
        await using var gateway = Gateway(upstream);
        using var client = Client();
        var response = await client.PostAsync(new Uri($"https://{gateway.Secure}/"), new StringContent(body));
        (await response.Content.ReadAsStringAsync()).ShouldBe(body);
    }

    GatewayUnderTest Gateway(RawUpstream upstream) =>
        new([upstream.Endpoint()], tls: authority.Terms(authority.Issue("one", "a.test")));

    static async Task<int> LoadAsync(IPEndPoint at, bool fresh, CancellationToken stop)
    {
        var (done, client) = (0, Client());
        while (!stop.IsCancellationRequested)
        {
            (await client.GetStringAsync(new Uri($"https://{at}/"), CancellationToken.None)).ShouldBe("ok");
            done++;
            if (!fresh) continue;
            client.Dispose();
            client = Client();
        }
        client.Dispose();
        return done;
    }

    static async Task<string> NamesAsync(IPEndPoint at)
    {
        using var peer = await RawPeer.ConnectAsync(at);
        var names = "";
        using var stream = new SslStream(new System.Net.Sockets.NetworkStream(peer.Socket), false, (_, certificate, _, _) =>
        {
            names = string.Join(' ', ((System.Security.Cryptography.X509Certificates.X509Certificate2)certificate!).Extensions
                .OfType<System.Security.Cryptography.X509Certificates.X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()));
            return true;
        });
        await stream.AuthenticateAsClientAsync("a.test");
        return names;
    }

    static HttpClient Client() => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null },
    }) { Timeout = RawPeer.Patience };
}
