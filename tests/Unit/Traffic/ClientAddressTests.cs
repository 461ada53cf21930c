using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Addresses, ranges of them, and who a request comes from.</summary>
public sealed class ClientAddressTests
{
    public static TheoryData<string> Files => ScenarioFile.In("forwarded");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_chain_gives_its_recorded_client(string file) => ScenarioFile.Run(file, Client);

    [Theory]
    [InlineData("1.2.3.4")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8::8a2e:370:7334")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7::")]
    [InlineData("::2:3:4:5:6:7:8")]
    [InlineData("64:ff9b::1.2.3.4")]
    [InlineData("fe80::1")]
    public void An_address_is_read_like_the_runtime_reads_it(string text)
    {
        IpText.TryParse(Encoding.ASCII.GetBytes(text), out var number).ShouldBeTrue();
        number.ShouldBe(IpText.Of(IPAddress.Parse(text)));
        IpText.TryParse(Encoding.ASCII.GetBytes(IpText.ToAddress(number).ToString()), out var again).ShouldBeTrue();
        again.ShouldBe(number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("1.2.3.4:")]
    [InlineData("1.2.3.4:123456")]
    [InlineData("0x1.2.3.4")]
    [InlineData("1:2:3")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1::2::3")]
    [InlineData(":::")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("::12345")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1")]
    [InlineData("[::1]x")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    public void What_is_no_address_is_refused(string text) => IpText.TryParse(Encoding.ASCII.GetBytes(text), out _).ShouldBeFalse();

    [Fact]
    public void Any_address_survives_being_written_and_read() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>().Filter(bytes => bytes.Length >= 16),
        bytes =>
        {
            var address = new IPAddress(bytes.AsSpan(0, 16));
            return IpText.TryParse(Encoding.ASCII.GetBytes(address.ToString()), out var number) && number == IpText.Of(address);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_set_of_ranges_holds_what_one_of_them_holds()
    {
        var range = from a in Gen.Choose(0, 255) from bits in Gen.Choose(24, 32) select new IPNetwork(new IPAddress(new byte[] { 10, 0, 0, (byte)(bits == 24 ? 0 : a & (0xFF << (32 - bits))) }), bits);
        var both = from ranges in range.ArrayOf() from last in Gen.Choose(0, 255) select (ranges, Address: new IPAddress(new byte[] { 10, 0, 0, (byte)last }));
        Prop.ForAll(both.ToArbitrary(), one =>
            new IpRanges(one.ranges.Select(r => r.ToString())).Contains(IpText.Of(one.Address)) == one.ranges.Any(r => r.Contains(one.Address)))
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task What_an_untrusted_client_says_about_itself_is_never_passed_on()
    {
        var asked = "";
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                asked = head;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        await gateway.AskAsync(
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-FORWARDED-PORT: 1\r\nx-forwarded-prefix: /x\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
            + "X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nConnection: X-Forwarded-For, close\r\n\r\n");
        asked.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
        asked.ShouldContain("X-Forwarded-Host: h\r\n");
        asked.ShouldContain("X-Forwarded-Proto: http\r\n");
        foreach (var lie in new[] { "6.6.6.6", "evil", "https", "Port", "prefix", "Forwarded: for", "X-Real-IP" }) asked.ShouldNotContain(lie, Case.Insensitive);
    }

    [Fact]
    public async Task Who_is_trusted_changes_while_connections_are_open()
    {
        var asked = "";
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                asked = head;
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        const string told = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n\r\n";
        foreach (var (trusted, isHeard) in new[] { ((string[])[], false), (["10.0.0.0/8"], false), (["127.0.0.1"], true), ([], false), (["127.0.0.0/8", "::1"], true) })
        {
            gateway.Change(table => table with { TrustedProxies = trusted.Length == 0 ? null : trusted });
            await client.SendAsync(told);
            await client.ReadResponseAsync();
            foreach (var one in new[] { "198.51.100.7", "X-Forwarded-Proto: https", "shop.example" }) asked.Contains(one, StringComparison.Ordinal).ShouldBe(isHeard, $"{one} with {string.Join(' ', trusted)}");
            asked.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");
        }
    }

    [Fact]
    public async Task A_trusted_proxy_cannot_smuggle_either()
    {
        await using var upstream = new RawUpstream((peer, _) => peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        gateway.Change(table => table with { TrustedProxies = ["127.0.0.1"] });
        foreach (var lines in new[] { "X-Forwarded-For : 6.6.6.6\r\n", "X-Forwarded-For: 6.6.6.6\nX: y\r\n", " X-Forwarded-For: 6.6.6.6\r\n", "X-Forwarded-For: 6.6.6.6\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" })
        {
            (await gateway.AskAsync($"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n")).ShouldStartWith("HTTP/1.1 400 ", customMessage: lines);
        }
    }

    static string Client(ScenarioStep step)
    {
        var words = step.Words.Skip(1).Select(word => word.Split('=', 2)).ToDictionary(word => word[0], word => word[1]);
        var trusted = new IpRanges(words.GetValueOrDefault("trusted")?.Split(',') ?? []);
        var connection = (Peer: IpText.Of(IPAddress.Parse(words["peer"])), Trusted: trusted);
        var bytes = ParseScenarios.Bytes("GET / HTTP/1.1\nHost: h\n" + (step.Input.Length > 0 ? step.Input + "\n" : ""));
        var head = new RequestHead();
        head.Reset();
        head.Parse(bytes, new PathLimits()).ShouldBe(ParseStatus.Complete);
        return IpText.ToAddress(trusted.Contains(connection.Peer) ? ClientOrigin.Of(head, bytes, connection.Peer, trusted) : connection.Peer).ToString();
    }
}
