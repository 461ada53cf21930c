using System.Net.Security;
using System.Security.Authentication;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>The server's side of TLS against the runtime's client, by OpenSSL itself and by the runtime's streams.</summary>
public sealed class TlsServerTests : IDisposable
{
    readonly TestAuthority authority = new();

    public static TheoryData<bool> Engines => [true, false];

    public void Dispose() => authority.Dispose();

    [Fact]
    public void OpenSSL_is_used_here() => OpenSsl.IsThere.ShouldBeTrue();

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task The_certificate_is_the_one_for_the_name_asked_for(bool native)
    {
        var server = new TlsServer(authority.Terms(authority.Issue("first", "a.test"), authority.Issue("wild", "*.b.test"), authority.Issue("exact", "x.b.test", "C.test")), native);
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=first");
        (await SubjectAsync(server, "y.b.test")).ShouldBe("CN=wild");
        (await SubjectAsync(server, "Y.B.test")).ShouldBe("CN=wild");
        (await SubjectAsync(server, "c.TEST")).ShouldBe("CN=exact");
        (await SubjectAsync(server, "z.y.b.test")).ShouldBe("CN=first");
        (await SubjectAsync(server, "unknown.test")).ShouldBe("CN=first");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_was_agreed_on_is_known(bool native)
    {
        var server = new TlsServer(authority.Terms(authority.Issue("one", "a.test")), native);
        using var h2 = await SecurePair.ConnectAsync(server, "a.test", SslProtocols.Tls13, null, SslApplicationProtocol.Http11, SslApplicationProtocol.Http2);
        h2.Wire!.Facts.ShouldBe(new WireFacts("1.3", "h2", "a.test", null));
        using var old = await SecurePair.ConnectAsync(server, "a.test", SslProtocols.Tls12, null, SslApplicationProtocol.Http11);
        old.Wire!.Facts.ShouldBe(new WireFacts("1.2", "http/1.1", "a.test", null));
        using var none = await SecurePair.ConnectAsync(server, "a.test");
        none.Wire!.Facts!.Application.ShouldBe("");
        using var other = await SecurePair.ConnectAsync(server, "a.test", SslProtocols.None, null, new SslApplicationProtocol("spdy/3"));
        other.Wire.ShouldBeNull();
        server.Failures.ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Versions_below_the_minimum_are_refused(bool native)
    {
        var server = new TlsServer(authority.Terms(authority.Issue("one", "a.test")) with { Minimum = TlsModel.Tls13 }, native);
        using var old = await SecurePair.ConnectAsync(server, "a.test", SslProtocols.Tls12);
        old.Wire.ShouldBeNull();
        old.Failure.ShouldNotBeNull();
        using var now = await SecurePair.ConnectAsync(server, "a.test", SslProtocols.Tls13);
        now.Wire.ShouldNotBeNull();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_client_certificate_is_asked_for_checked_and_known(bool native)
    {
        using var stranger = new TestAuthority();
        using var good = authority.Client("CN=web");
        using var bad = stranger.Client("CN=web");
        var terms = authority.Terms(authority.Issue("one", "a.test")) with { ClientAuthority = authority.CaFile };
        var optional = new TlsServer(terms, native);
        using (var pair = await SecurePair.ConnectAsync(optional, "a.test", shown: good)) pair.Wire!.Facts!.ClientSubject.ShouldBe("CN=web");
        using (var pair = await SecurePair.ConnectAsync(optional, "a.test")) pair.Wire!.Facts!.ClientSubject.ShouldBeNull();
        using (var pair = await SecurePair.ConnectAsync(optional, "a.test", shown: bad)) pair.Wire.ShouldBeNull();
        var required = new TlsServer(terms with { RequireClient = true }, native);
        using (var pair = await SecurePair.ConnectAsync(required, "a.test", shown: good)) pair.Wire!.Facts!.ClientSubject.ShouldBe("CN=web");
        using (var pair = await SecurePair.ConnectAsync(required, "a.test")) pair.Wire.ShouldBeNull();
    }

    [Theory]
    [InlineData(true, SslProtocols.Tls12)]
    [InlineData(true, SslProtocols.Tls13)]
    [InlineData(false, SslProtocols.Tls13)]
    public async Task Bytes_pass_both_ways_at_the_same_time_and_each_direction_ends_by_itself(bool native, SslProtocols version)
    {
        const int Count = 3_000_000;
        var server = new TlsServer(authority.Terms(authority.Issue("one", "a.test")), native);
        using var pair = await SecurePair.ConnectAsync(server, "a.test", version);
        var up = new byte[Count];
        new Random(5).NextBytes(up);
        var sending = SendAsync();
        var got = await ReceiveAllAsync(pair.Wire!, echo: true);
        got.ShouldBe(up);
        // Our end of sending reaches the client as an end, not as an error.
        pair.Wire!.EndSending();
        (await sending).ShouldBe(up);

        async Task<byte[]> SendAsync()
        {
            var back = new MemoryStream();
            var receiving = pair.Client.CopyToAsync(back);
            await pair.Client.WriteAsync(up);
            await pair.Client.ShutdownAsync();
            await receiving;
            return back.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Closing_wakes_what_waits(bool native)
    {
        var server = new TlsServer(authority.Terms(authority.Issue("one", "a.test")), native);
        using var pair = await SecurePair.ConnectAsync(server, "a.test");
        var waiting = pair.Wire!.ReceiveAsync(new byte[100]);
        waiting.IsCompleted.ShouldBeFalse();
        pair.Wire.Close();
        (await waiting).ShouldBeLessThanOrEqualTo(0);
        (await pair.Wire.SendAsync(new byte[1])).ShouldBe(Wire.Broken);
        (await pair.Wire.ReceiveAsync(new byte[1])).ShouldBe(Wire.Broken);
        pair.Wire.Close(reset: true);
        (await pair.Client.ReadAsync(new byte[1])).ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_new_certificate_is_used_and_a_bad_one_keeps_the_old(bool native)
    {
        var pair = authority.Issue("one", "a.test");
        var server = new TlsServer(authority.Terms(pair), native);
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=one");
        var other = authority.Issue("two", "a.test");
        await File.WriteAllTextAsync(pair.Certificate, await File.ReadAllTextAsync(other.Certificate));
        server.Refresh();
        server.Problems.Single().ShouldContain("the one before stays");
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=one");
        await File.WriteAllTextAsync(pair.Key, await File.ReadAllTextAsync(other.Key));
        server.Refresh();
        server.Problems.ShouldBeEmpty();
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=two");
        File.Delete(pair.Certificate);
        server.Refresh();
        server.Problems.Single().ShouldContain(pair.Certificate);
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=two");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Without_a_usable_certificate_handshakes_fail_until_there_is_one(bool native)
    {
        var server = new TlsServer(new TlsModel([new CertificateModel(authority.File1("one.pem"), authority.File1("one.key"))]), native);
        server.Problems.Single().ShouldContain("one.pem");
        using (var pair = await SecurePair.ConnectAsync(server, "a.test")) pair.Wire.ShouldBeNull();
        authority.Issue("one", "a.test");
        server.Refresh();
        (await SubjectAsync(server, "a.test")).ShouldBe("CN=one");
    }

    static async Task<string> SubjectAsync(TlsServer server, string name)
    {
        using var pair = await SecurePair.ConnectAsync(server, name);
        return pair.Subject;
    }

    static async Task<byte[]> ReceiveAllAsync(Wire wire, bool echo)
    {
        var all = new MemoryStream();
        var buffer = new byte[20_000];
        while (await wire.ReceiveAsync(buffer) is > 0 and var received)
        {
            all.Write(buffer, 0, received);
            if (echo) (await wire.SendAsync(buffer.AsMemory(0, received))).ShouldBe(received);
        }
        return all.ToArray();
    }
}
