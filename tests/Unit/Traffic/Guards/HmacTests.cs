using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Signed requests, through a real gateway.</summary>
public sealed class HmacTests : IDisposable
{
    static readonly byte[] Key = Encoding.ASCII.GetBytes("a secret of two and thirty bytes");

    readonly TempFolder folder = new();
    readonly FakeTime time = new();
    int nonces;

    public void Dispose() => folder.Dispose();

    // RFC 9421 §B.2.5, with the shared secret of §B.1.5.
    [Fact]
    public void The_signature_of_the_standards_own_example_is_verified()
    {
        var book = HmacBook.Read(Encoding.ASCII.GetBytes("test-shared-secret uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==\n")).Book!;
        Span<byte> signature = stackalloc byte[96];
        HttpSignature.TryRead(
            "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""u8,
            "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"u8,
            out var read,
            signature).ShouldBeTrue();
        read.Components.ShouldBe(3);
        read.Created.ShouldBe(1618884473);
        Encoding.ASCII.GetString(read.Component(1)).ShouldBe("@authority");
        var signed = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\"@signature-params\": " + Encoding.ASCII.GetString(read.Parameters);
        book.Verify(read.KeyId, Encoding.ASCII.GetBytes(signed), signature[..32]).ShouldNotBeNull();
        book.Verify(read.KeyId, Encoding.ASCII.GetBytes(signed + " "), signature[..32]).ShouldBeNull();
    }

    [Theory]
    [InlineData("sig=()")]
    [InlineData("sig=(\"a\" \"a\");created=1")]
    [InlineData("sig=(\"A\");created=1")]
    [InlineData("sig=(\"a\";sf);created=1")]
    [InlineData("sig=(\"a\");created=x")]
    [InlineData("sig=(\"a\");created=1;created=2")]
    [InlineData("sig=(\"a\");alg=\"rsa-v1_5-sha256\"")]
    [InlineData("sig=(\"a\");other=\"x\"")]
    [InlineData("sig=(\"a\"), sig2=(\"a\")")]
    [InlineData("sig=(\"a\"")]
    [InlineData("sig=\"a\"")]
    [InlineData("=(\"a\")")]
    [InlineData("sig=(\"a\\\"\")")]
    public void What_is_not_understood_is_refused(string input) =>
        HttpSignature.TryRead(Encoding.ASCII.GetBytes(input), "sig=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"u8, out _, stackalloc byte[96]).ShouldBeFalse();

    [Fact]
    public async Task A_signed_request_passes_once_within_its_window()
    {
        await using var gateway = Guarded();
        var signed = Sign("GET", "/orders", "?page=2");
        (await gateway.StatusAsync(signed, "/orders?page=2")).ShouldBe("200");
        (await gateway.GetAsync(signed, "/orders?page=2")).ShouldContain("X-Mainstay-Reason: unauthenticated\r\n");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?page=2"), "/orders?page=3")).ShouldBe("401");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?"), "/orders")).ShouldBe("200");
        (await gateway.StatusAsync(Sign("POST", "/orders", "?"), "/orders")).ShouldBe("401");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?", authority: "other"), "/orders")).ShouldBe("401");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?", key: Encoding.ASCII.GetBytes("another secret, just as long.")), "/orders")).ShouldBe("401");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?", cover: "\"@method\" \"@path\""), "/orders")).ShouldBe("401");
        (await gateway.StatusAsync("", "/orders")).ShouldBe("401");
        (await gateway.GetAsync(Sign("GET", "/orders", "?", at: -301), "/orders")).ShouldContain("X-Mainstay-Reason: token-expired\r\n");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?", at: 301), "/orders")).ShouldBe("401");
        (await gateway.StatusAsync(Sign("GET", "/orders", "?", at: 299), "/orders")).ShouldBe("200");
    }

    [Fact]
    public async Task A_body_is_the_one_that_was_signed_however_it_arrives()
    {
        await using var gateway = Guarded();
        (await PostAsync(gateway, "hello", "hello", chunked: false)).ShouldStartWith("HTTP/1.1 200 ");
        gateway.Asked.ShouldEndWith("\r\n\r\nhello");
        (await PostAsync(gateway, "hello", "hellO", chunked: false)).ShouldStartWith("HTTP/1.1 401 ");
        (await PostAsync(gateway, "hello", "hello", chunked: true)).ShouldStartWith("HTTP/1.1 200 ");
        gateway.Asked.ShouldEndWith("\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
        (await PostAsync(gateway, "hello", "hellO", chunked: true)).ShouldStartWith("HTTP/1.1 401 ");
        var large = new string('x', 1001);
        (await PostAsync(gateway, large, large, chunked: false)).ShouldStartWith("HTTP/1.1 413 ");
        // Without a digest under the signature the body could be anybody's.
        (await gateway.Under.AskAsync($"POST /orders HTTP/1.1\r\nHost: h\r\n{Sign("POST", "/orders", "?")}Content-Length: 5\r\n\r\nhello")).ShouldStartWith("HTTP/1.1 401 ");
    }

    GuardedGateway Guarded()
    {
        File.WriteAllText(folder["hmac"], $"partner {Convert.ToBase64String(Key)} orders\n");
        File.SetUnixFileMode(folder["hmac"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new(new GuardSpec { Hmac = new HmacSpec { From = folder["hmac"], Body = new(1000) }, Scopes = ["orders"] }, time);
    }

    async Task<string> PostAsync(GuardedGateway gateway, string signed, string sent, bool chunked)
    {
        var digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(signed)))}:";
        var lines = Sign("POST", "/orders", "?", cover: "\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\"", digest: digest);
        using var client = await gateway.Under.ConnectAsync();
        await client.SendAsync($"POST /orders HTTP/1.1\r\nHost: h\r\n{lines}Content-Digest: {digest}\r\n{(chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {sent.Length}")}\r\n\r\n");
        await client.SendAsync(chunked ? $"2\r\n{sent[..2]}\r\n" : sent[..2]);
        await client.SendAsync(chunked ? $"{sent.Length - 2:x}\r\n{sent[2..]}\r\n0\r\n\r\n" : sent[2..]);
        return await client.ReadResponseAsync();
    }

    string Sign(string method, string path, string query, string authority = "h", string? cover = null, string digest = "", int at = 0, byte[]? key = null)
    {
        cover ??= "\"@method\" \"@authority\" \"@path\" \"@query\"";
        var parameters = $"({cover});created={time.GetUtcNow().ToUnixTimeSeconds() + at};nonce=\"nonce-{++nonces:D4}\";keyid=\"partner\"";
        var lines = cover.Split(' ').Select(name => $"{name}: {name.Trim('"') switch { "@method" => method, "@authority" => authority, "@path" => path, "@query" => query, _ => digest }}\n");
        var signature = HMACSHA256.HashData(key ?? Key, Encoding.ASCII.GetBytes($"{string.Concat(lines)}\"@signature-params\": {parameters}"));
        return $"Signature-Input: sig1={parameters}\r\nSignature: sig1=:{Convert.ToBase64String(signature)}:\r\n";
    }
}
