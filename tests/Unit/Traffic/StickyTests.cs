using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Traffic.Tls;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Clients that stay with the instance that they were at.</summary>
public abstract class StickyTests(TransportKind kind) : OnBothTransports(kind)
{
    static readonly TrafficSpec ByCookie = new() { Balance = Balance.RoundRobin, Sticky = new() };
    readonly FakeTime time = new();

    [Fact]
    public async Task A_client_with_the_cookie_stays_and_one_without_is_balanced()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var gateway = Gateway(ByCookie, a.Endpoint("a"), b.Endpoint("b"));
        var first = await gateway.AskAsync(Get());
        var cookie = CookieOf(first);
        cookie.ShouldStartWith("mainstay-s=");
        LineOf(first).ShouldBe($"Set-Cookie: {cookie}; Path=/; HttpOnly; SameSite=Lax");
        for (var count = 0; count < 6; count++)
        {
            var again = await gateway.AskAsync(Get($"x=y; {cookie}; z=1"));
            again[^1].ShouldBe(first[^1]);
            again.ShouldNotContain("Set-Cookie");
        }
        var others = new List<char>();
        for (var count = 0; count < 4; count++) others.Add((await gateway.AskAsync(Get()))[^1]);
        others.Order().ShouldBe(['a', 'a', 'b', 'b']);
    }

    [Theory]
    [InlineData("mainstay-s=")]
    [InlineData("mainstay-s=AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("mainstay-s=a")]
    [InlineData("mainstay-s=127.0.0.1:80")]
    public async Task A_cookie_that_was_not_signed_here_names_nobody(string cookie)
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var gateway = Gateway(ByCookie, a.Endpoint("a"), b.Endpoint("b"));
        var seen = new List<char>();
        for (var count = 0; count < 4; count++)
        {
            var response = await gateway.AskAsync(Get(cookie));
            CookieOf(response).ShouldNotBe(cookie);
            seen.Add(response[^1]);
        }
        seen.Order().ShouldBe(['a', 'a', 'b', 'b']);
    }

    [Fact]
    public async Task Who_is_gone_or_cannot_be_connected_to_is_replaced_and_the_cookie_with_it()
    {
        await using var a = Named("a");
        await using var b = Named("b");
        await using var gateway = Gateway(ByCookie, a.Endpoint("a"), b.Endpoint("b"));
        var first = await gateway.AskAsync(Get());
        var (name, cookie) = (first[^1], CookieOf(first));
        var stays = name == 'a' ? b : a;

        // Draining takes it out of the table.
        gateway.Apply([stays.Endpoint(name == 'a' ? "b" : "a")], ByCookie);
        var moved = await gateway.AskAsync(Get(cookie));
        moved[^1].ShouldNotBe(name);
        var next = CookieOf(moved);
        next.ShouldNotBe(cookie);

        // It comes back at an address where nobody listens: the old cookie is good again, and costs one attempt.
        gateway.Apply([new(name.ToString(), "127.0.0.1", RawUpstream.DeadPort()), stays.Endpoint(name == 'a' ? "b" : "a")], ByCookie);
        for (var count = 0; count < 3; count++)
        {
            var response = await gateway.AskAsync(Get(cookie));
            response[^1].ShouldNotBe(name);
            CookieOf(response).ShouldBe(next);
        }
        gateway.Batch().Ejected.ShouldBe([name.ToString()]);
    }

    [Fact]
    public async Task An_outlier_keeps_nobody()
    {
        await using var good = Named("g");
        await using var bad = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync("HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\nx");
        });
        var traffic = ByCookie with { Outliers = new() { Consecutive = 2 } };
        await using var gateway = Gateway(traffic, [bad.Endpoint("bad"), .. Enumerable.Range(1, 4).Select(number => good.Endpoint($"good-{number}"))]);
        string response;
        do response = await gateway.AskAsync(Get());
        while (!response.EndsWith('x'));
        var cookie = CookieOf(response);
        (await gateway.AskAsync(Get(cookie)))[^1].ShouldBe('x');
        response = await gateway.AskAsync(Get(cookie));
        response[^1].ShouldBe('g');
        CookieOf(response).ShouldNotBe(cookie);
    }

    [Fact]
    public async Task The_mesh_gives_no_cookies_and_the_front_gives_them_as_they_are_declared()
    {
        await using var a = Named("a");
        var traffic = new TrafficSpec { Sticky = new() { Cookie = "seat", Path = "/app", MaxAge = TimeSpan.FromHours(8) } };
        traffic.Validate().ShouldBeEmpty();
        await using var gateway = Gateway(traffic, a.Endpoint("a"));
        var response = await gateway.AskAsync(Get());
        LineOf(response).ShouldBe($"Set-Cookie: {CookieOf(response)}; Path=/app; Max-Age=28800; HttpOnly; SameSite=Lax");
        using var caller = await RawPeer.ConnectAsync(gateway.Mesh);
        await caller.SendAsync(Get());
        (await caller.ReadResponseAsync()).ShouldNotContain("Set-Cookie");
    }

    [Fact]
    public async Task Over_TLS_the_cookie_goes_nowhere_else()
    {
        using var authority = new TestAuthority();
        await using var a = Named("a");
        await using var gateway = new GatewayUnderTest([a.Endpoint("a")], time: time, tls: authority.Terms(authority.Issue("one", "a.test")), kind: Kind);
        gateway.Apply([a.Endpoint("a")], ByCookie, StickyKey);
        using var handler = new SocketsHttpHandler { UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null } };
        using var client = new HttpClient(handler);
        using var response = await client.GetAsync(new Uri($"https://{gateway.Secure}/"));
        response.Headers.GetValues("Set-Cookie").Single().ShouldEndWith("; Path=/; HttpOnly; SameSite=Lax; Secure");
    }

    [Fact]
    public async Task Without_a_key_nobody_stays_and_that_is_told()
    {
        await using var a = Named("a");
        await using var gateway = new GatewayUnderTest([a.Endpoint("a")], time: time, kind: Kind);
        gateway.Apply([a.Endpoint("a")], ByCookie).Problems.ShouldBe(["cluster 's': clients do not stay with their instance: the table has no key to sign cookies with"]);
        (await gateway.AskAsync(Get())).ShouldNotContain("Set-Cookie");
    }

    [Fact]
    public async Task What_sticks_is_not_asked_of_another_instance()
    {
        var answer = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        await using var a = new RawUpstream(async (peer, _) =>
        {
            for (var number = 0; await peer.ReadHeadAsync() is not null; number++)
            {
                asked.TrySetResult();
                await answer.Task;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
            }
        });
        await using var b = Named("b");
        var route = Routes.All(s => s with { Hedge = new() { After = new(TimeSpan.FromMilliseconds(50), 0) } });
        await using var gateway = new GatewayUnderTest([a.Endpoint("a"), b.Endpoint("b")], time: time, kind: Kind, route: route);
        gateway.Apply([a.Endpoint("a"), b.Endpoint("b")], ByCookie, StickyKey);
        var tag = StickyTag.Show(StickyTag.Of(Convert.FromBase64String(StickyKey), "s", "a"));
        var response = gateway.AskAsync(Get($"mainstay-s={tag}"));
        await asked.Task;
        time.Advance(TimeSpan.FromMilliseconds(200));
        answer.SetResult();
        (await response)[^1].ShouldBe('a');
        b.Accepted.ShouldBe(0);
    }

    [Fact]
    public async Task Explain_tells_that_the_cookie_decides()
    {
        await using var gateway = Gateway(ByCookie, new("a", "127.0.0.1", 1), new("b", "127.0.0.1", 2));
        var tag = StickyTag.Show(StickyTag.Of(Convert.FromBase64String(StickyKey), "s", "b"));
        var explained = gateway.Gateway.Answer("g", new Question("1", Target: "/", Headers: [$"Cookie: mainstay-s={tag}"])).Explanation!;
        explained.Steps[^1].Why.ShouldStartWith("b at 127.0.0.1:2 by its cookie, of ");
    }

    /// <summary>As it comes from the server.</summary>
    static string StickyKey { get; } = Convert.ToBase64String(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"));

    static string Get(string? cookie = null) => $"GET / HTTP/1.1\r\nHost: h\r\n{(cookie is null ? "" : $"Cookie: {cookie}\r\n")}\r\n";

    static string LineOf(string response) => response.Split("\r\n").Single(line => line.StartsWith("Set-Cookie: ", StringComparison.Ordinal));

    static string CookieOf(string response) => LineOf(response)["Set-Cookie: ".Length..].Split(';')[0];

    static RawUpstream Named(string name) => RawUpstream.Always($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{name}");

    GatewayUnderTest Gateway(TrafficSpec traffic, params EndpointModel[] endpoints)
    {
        var gateway = new GatewayUnderTest(endpoints, time: time, kind: Kind) { StickyKey = StickyKey };
        gateway.Apply(endpoints, traffic).Problems.ShouldBeEmpty();
        return gateway;
    }
}

public sealed class StickyOnSockets() : StickyTests(TransportKind.Sockets);

public sealed class StickyOnLoops() : StickyTests(TransportKind.Epoll);

/// <summary>Names of instances in cookies.</summary>
public sealed class StickyTagProperties
{
    static readonly byte[] Key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");

    [Fact]
    public void A_tag_is_the_same_everywhere_and_tells_neither_name_nor_key()
    {
        StickyTag.Show(StickyTag.Of(Key, "orders", "orders-1")).ShouldBe(Known);
        StickyTag.Of(Key, "orders", "orders-2").ShouldNotBe(StickyTag.Of(Key, "orders", "orders-1"));
        StickyTag.Of(Key, "order", "s\norders-1").ShouldNotBe(StickyTag.Of(Key, "orders", "orders-1"));
        StickyTag.Of([.. Key.Reverse()], "orders", "orders-1").ShouldNotBe(StickyTag.Of(Key, "orders", "orders-1"));
    }

    [Fact]
    public void The_table_has_a_key_where_a_service_asks_for_it_that_is_not_the_secret()
    {
        var secret = new string('s', 32);
        TableModel Table(ServiceSpec service, string? with) => TableDecide.Next(
            new TableView(1, null, [], [], [], new Dictionary<string, ServiceSpec> { ["orders"] = service }, []) { Secret = with });
        var sticky = new ServiceSpec { Run = "./orders", Traffic = new() { Sticky = new() } };
        var key = Table(sticky, secret).StickyKey!;
        Convert.FromBase64String(key).Length.ShouldBe(32);
        Table(sticky, secret).StickyKey.ShouldBe(key);
        Table(sticky, secret + "t").StickyKey.ShouldNotBe(key);
        Encoding.Latin1.GetString(Convert.FromBase64String(key)).ShouldNotContain("sss");
        Table(sticky, null).StickyKey.ShouldBeNull();
        Table(new ServiceSpec { Run = "./orders" }, secret).StickyKey.ShouldBeNull();
    }

    // printf 'orders\norders-1' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | head -c 16 | base64
    const string Known = "UizvbChGapLSLZdhP9Guuw";

    [Fact]
    public void Whatever_a_client_sends_is_the_tag_itself_or_none() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Gen.Choose(0, 21).ToArbitrary(), Gen.Choose(0, 255).ToArbitrary(), Gen.Choose(0, 24).ToArbitrary(), (at, with, length) =>
        {
            var tag = StickyTag.Of(Key, "orders", "orders-1");
            var text = Encoding.ASCII.GetBytes(StickyTag.Show(tag));
            var changed = (byte[])text.Clone();
            changed[at] = (byte)with;
            if (StickyTag.TryRead(changed, out var read)) (read == tag).ShouldBe(changed.AsSpan().SequenceEqual(text));
            if (length != 22) StickyTag.TryRead([.. text.Concat(text).Take(length)], out _).ShouldBeFalse();
        }));
}
