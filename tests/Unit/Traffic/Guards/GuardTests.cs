using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Who passes a guarded route: through a real gateway, with real keys, files and a JWKS behind a socket.</summary>
public sealed class GuardTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Keys_are_fetched_rotated_and_kept_while_their_source_is_down()
    {
        using var one = new Signer("RS256", "one");
        using var two = new Signer("ES256", "two");
        var jwks = Signer.Jwks(one);
        var status = "200 OK";
        await using var source = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nETag: \"{jwks.Length}\"\r\nContent-Length: {jwks.Length}\r\n\r\n{jwks}");
        });
        var time = new FakeTime();
        var expires = time.GetUtcNow().AddHours(2).ToUnixTimeSeconds();
        var claims = $$"""{"sub":"alice","iss":"us","tenant":"acme\r\nX-Evil: 1","exp":{{expires}}}""";
        var jwt = new JwtSpec { Keys = $"http://127.0.0.1:{source.Port}/jwks", Issuer = "us", ClaimsToHeaders = new Dictionary<string, string> { ["sub"] = "X-User", ["tenant"] = "X-Tenant" } };
        await using var gateway = new GuardedGateway(new GuardSpec { Jwt = jwt }, time);
        string Bearer(Signer signer) => $"Authorization: Bearer {signer.Token(claims)}\r\n";

        // 1. The first request waits for the keys; what proves nothing is told how to.
        (await gateway.StatusAsync(Bearer(one) + "X-User: root\r\nx-tenant: root\r\n")).ShouldBe("200");
        gateway.Asked.ShouldContain("X-User: alice\r\n");
        gateway.Asked.ShouldNotContain("root");
        gateway.Asked.ShouldNotContain("Evil");
        var refused = await gateway.GetAsync();
        refused.ShouldStartWith("HTTP/1.1 401 Unauthorized\r\n");
        refused.ShouldContain("WWW-Authenticate: Bearer realm=\"mainstay\"\r\n");
        refused.ShouldContain("X-Mainstay-Reason: unauthenticated\r\n");

        // 2. A key that is not known is looked for, but not at once again.
        (await gateway.GetAsync(Bearer(two))).ShouldContain("error_description=\"the token's key is not known\"");
        jwks = Signer.Jwks(one, two);
        (await gateway.StatusAsync(Bearer(two))).ShouldBe("401");
        time.Advance(TimeSpan.FromSeconds(11));
        (await gateway.StatusAsync(Bearer(two))).ShouldBe("200");

        // 3. The key that was taken away is so after the next refresh, also for tokens that were verified before.
        jwks = Signer.Jwks(two);
        (await gateway.StatusAsync(Bearer(one))).ShouldBe("200");
        time.Advance(TimeSpan.FromMinutes(11));
        await Until.HoldsAsync(async () => await gateway.StatusAsync(Bearer(one)) == "401");
        (await gateway.StatusAsync(Bearer(two))).ShouldBe("200");

        // 4. The last good keys stay while the source fails, and the report says so.
        status = "500 Oh";
        time.Advance(TimeSpan.FromMinutes(11));
        await Until.HoldsAsync(() => gateway.Report().State == "failing");
        gateway.Report().Why.ShouldContain("answered 500");
        (await gateway.StatusAsync(Bearer(two))).ShouldBe("200");

        // 5. A token ends, also one that was verified before.
        time.Advance(TimeSpan.FromHours(2));
        var late = await gateway.GetAsync(Bearer(two));
        late.ShouldContain("X-Mainstay-Reason: token-expired\r\n");
        late.ShouldContain("error_description=\"the token has expired\"");
    }

    [Fact]
    public async Task Without_any_key_nobody_passes_and_the_answer_says_that_it_is_not_the_clients_fault()
    {
        var guard = new GuardSpec { Jwt = new JwtSpec { Keys = $"http://127.0.0.1:{RawUpstream.DeadPort()}/" } };
        await using var gateway = new GuardedGateway(guard);
        (await gateway.GetAsync("Authorization: Bearer a.b.c\r\n")).ShouldContain("X-Mainstay-Reason: keys-unavailable\r\n");
        (await gateway.StatusAsync()).ShouldBe("401");
    }

    [Fact]
    public async Task Api_keys_are_known_by_their_hash_and_read_again_when_the_file_changes()
    {
        var time = new FakeTime();
        var file = Secret("keys.txt", $"# who has which key\npartner {Hash("secret-1")} orders.read\nadmin {Hash("secret-2")} orders.read orders.write\n");
        var guard = new GuardSpec { ApiKeys = new ApiKeysSpec { From = file }, Scopes = ["orders.write"], SubjectHeader = "X-Caller", Strip = true };
        await using var gateway = new GuardedGateway(guard, time);
        (await gateway.StatusAsync()).ShouldBe("401");
        (await gateway.StatusAsync("X-Api-Key: wrong\r\n")).ShouldBe("401");
        (await gateway.StatusAsync("X-Api-Key: secret-2\r\nX-Api-Key: secret-2\r\n")).ShouldBe("401");
        (await gateway.GetAsync("X-Api-Key: secret-1\r\n")).ShouldContain("X-Mainstay-Reason: forbidden\r\n");
        (await gateway.StatusAsync("x-api-key: secret-2\r\nX-Caller: root\r\n")).ShouldBe("200");
        gateway.Asked.ShouldContain("X-Caller: admin\r\n");
        (await gateway.GetAsync("X-Api-Key: wrong\r\n")).ShouldContain("WWW-Authenticate: ApiKey realm=\"mainstay\", header=\"X-Api-Key\"\r\n");
        gateway.Asked.ShouldNotContain("secret-2");
        gateway.Asked.ShouldNotContain("root");

        Secret("keys.txt", $"partner {Hash("secret-3")} orders.write\n");
        await Until.HoldsAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return await gateway.StatusAsync("X-Api-Key: secret-3\r\n") == "200";
        });
        (await gateway.StatusAsync("X-Api-Key: secret-2\r\n")).ShouldBe("401");

        // What cannot be read leaves what was known, and is told without its content.
        Secret("keys.txt", "partner secret-in-plain\n");
        await Until.HoldsAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(gateway.Report().State == "failing");
        });
        gateway.Report().Why.ShouldBe($"{file}: line 1: the hash is not the SHA-256 of a key, which has 64 hexadecimal digits");
        (await gateway.StatusAsync("X-Api-Key: secret-3\r\n")).ShouldBe("200");
    }

    [Fact]
    public async Task A_file_of_secrets_that_others_can_read_is_not_used()
    {
        var file = Secret("keys.txt", $"partner {Hash("k")}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await using var gateway = new GuardedGateway(new GuardSpec { ApiKeys = new ApiKeysSpec { From = file } });
        (await gateway.GetAsync("X-Api-Key: k\r\n")).ShouldContain("X-Mainstay-Reason: keys-unavailable\r\n");
        gateway.Report().Why.ShouldContain("is open to others than its owner");
    }

    [Fact]
    public async Task Passwords_are_checked_by_their_hash_aside_and_remembered()
    {
        var salt = Encoding.ASCII.GetBytes("0123456789abcdef");
        var hash = Rfc2898DeriveBytes.Pbkdf2("open sesame", salt, 20_000, HashAlgorithmName.SHA256, 32);
        static string Ab64(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '.');
        var file = Secret("users.txt", $"ali:$pbkdf2-sha256$20000${Ab64(salt)}${Ab64(hash)}:cave.enter\n");
        await using var gateway = new GuardedGateway(new GuardSpec { Basic = new BasicSpec { From = file }, Scopes = ["cave.enter"], Realm = "cave" });
        static string Basic(string pair) => $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}\r\n";
        (await gateway.StatusAsync(Basic("ali:open sesame"))).ShouldBe("200");
        (await gateway.StatusAsync(Basic("ali:open sesame"))).ShouldBe("200");
        (await gateway.GetAsync(Basic("ali:open barley"))).ShouldContain("WWW-Authenticate: Basic realm=\"cave\", charset=\"UTF-8\"\r\n");
        (await gateway.StatusAsync(Basic("baba:open sesame"))).ShouldBe("401");
        (await gateway.StatusAsync("Authorization: Basic !!!\r\n")).ShouldBe("401");
        (await gateway.StatusAsync(Basic("ali:open sesame") + Basic("ali:open sesame"))).ShouldBe("401");
    }

    [Fact]
    public async Task Addresses_are_denied_and_allowed_by_who_the_client_is_and_not_by_what_it_says()
    {
        var limits = new PathLimits { TrustedProxies = ["127.0.0.0/8"] };
        await using var gateway = new GuardedGateway(new GuardSpec { Allow = ["192.0.2.0/24", "2001:db8::/32"], Deny = ["192.0.2.66"] }, limits: limits);
        (await gateway.StatusAsync("X-Forwarded-For: 192.0.2.7\r\n")).ShouldBe("200");
        (await gateway.StatusAsync("X-Forwarded-For: 2001:db8::7\r\n")).ShouldBe("200");
        (await gateway.GetAsync("X-Forwarded-For: 192.0.2.66\r\n")).ShouldContain("X-Mainstay-Reason: ip-denied\r\n");
        (await gateway.StatusAsync("X-Forwarded-For: 192.0.2.7, 203.0.113.1\r\n")).ShouldBe("403");
        (await gateway.StatusAsync()).ShouldBe("403");
        await using var open = new GuardedGateway(new GuardSpec { Allow = ["192.0.2.0/24"] });
        (await open.StatusAsync("X-Forwarded-For: 192.0.2.7\r\n")).ShouldBe("403");
    }

    [Fact]
    public async Task All_ways_or_any_of_them()
    {
        using var signer = new Signer("HS256");
        var jwt = new JwtSpec { Secret = Secret("jwt", Convert.ToBase64String(signer.Secret)) };
        var apiKeys = new ApiKeysSpec { From = Secret("keys.txt", $"partner {Hash("k")} b\n") };
        var bearer = $"Authorization: Bearer {signer.Token("""{"sub":"alice","exp":4000000000,"scope":"a"}""")}\r\n";
        await using var all = new GuardedGateway(new GuardSpec { Jwt = jwt, ApiKeys = apiKeys, Mode = GuardMode.All, Scopes = ["a", "b"], SubjectHeader = "X-Who" });
        (await all.StatusAsync(bearer)).ShouldBe("401");
        (await all.StatusAsync("X-Api-Key: k\r\n")).ShouldBe("401");
        (await all.StatusAsync(bearer + "X-Api-Key: k\r\n")).ShouldBe("200");
        all.Asked.ShouldContain("X-Who: alice\r\n");
        await using var any = new GuardedGateway(new GuardSpec { Jwt = jwt, ApiKeys = apiKeys });
        (await any.StatusAsync(bearer)).ShouldBe("200");
        (await any.StatusAsync("X-Api-Key: k\r\n")).ShouldBe("200");
        (await any.StatusAsync("Authorization: Bearer x.y.z\r\nX-Api-Key: k\r\n")).ShouldBe("200");
        (await any.StatusAsync("Authorization: Bearer x.y.z\r\n")).ShouldBe("401");
    }

    [Fact]
    public async Task A_limit_per_key_or_claim_counts_what_was_proven_alone()
    {
        using var signer = new Signer("HS256");
        var guard = new GuardSpec
        {
            Jwt = new JwtSpec { Secret = Secret("jwt", Convert.ToBase64String(signer.Secret)) },
            ApiKeys = new ApiKeysSpec { From = Secret("keys.txt", $"one {Hash("k1")}\ntwo {Hash("k2")}\n") },
        };
        string Bearer(string sub) => $"Authorization: Bearer {signer.Token($$"""{"sub":"{{sub}}","exp":4000000000}""")}\r\n";
        LimitSpec[] Per(string per) => [new LimitSpec { Algorithm = LimitAlgorithm.FixedWindow, Per = per, Rate = new Mainstay.Core.Kinds.Rate(2, TimeSpan.FromHours(1)) }];

        await using (var gateway = new GuardedGateway(guard, new FakeTime(), more: spec => spec with { Limits = Per("apiKey") }))
        {
            foreach (var key in new[] { "k1", "k2" })
            {
                (await gateway.StatusAsync($"X-Api-Key: {key}\r\n")).ShouldBe("200");
                (await gateway.StatusAsync($"X-Api-Key: {key}\r\nX-Forwarded-For: 1.2.3.4\r\n")).ShouldBe("200");
                (await gateway.StatusAsync($"X-Api-Key: {key}\r\n")).ShouldBe("429");
            }
            // Who shows a token and no key counts by its address.
            foreach (var (sub, status) in new[] { ("a", "200"), ("b", "200"), ("c", "429") }) (await gateway.StatusAsync(Bearer(sub))).ShouldBe(status);
        }
        await using (var gateway = new GuardedGateway(guard, new FakeTime(), more: spec => spec with { Limits = Per("claim:sub") }))
        {
            foreach (var sub in new[] { "alice", "bob" })
            {
                (await gateway.StatusAsync(Bearer(sub))).ShouldBe("200");
                // What is only said is not heard: another claim in a forged token gets no quota, and takes none.
                (await gateway.StatusAsync($"Authorization: Bearer {signer.Token($$"""{"sub":"{{sub}}","exp":4000000000}""")}x\r\nsub: eve\r\n")).ShouldBe("401");
                (await gateway.StatusAsync(Bearer(sub))).ShouldBe("200");
                (await gateway.StatusAsync(Bearer(sub))).ShouldBe("429");
            }
        }
    }

    [Fact]
    public async Task What_guards_tell_services_cannot_be_set_on_routes_without_one()
    {
        await using var gateway = new GuardedGateway(new GuardSpec { ApiKeys = new ApiKeysSpec { From = Secret("k", $"p {Hash("k")}\n") }, SubjectHeader = "X-Caller" });
        gateway.Gateway.Apply(new TableModel(
            100,
            [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway), new ListenerModel("mesh", "127.0.0.1", 0, ListenerKind.Mesh, "web", "s")],
            [
                Routes.Of("guarded", "/guarded", "s", spec => spec with { Guard = new GuardSpec { ApiKeys = new ApiKeysSpec { From = folder["k"] }, SubjectHeader = "X-Caller" } }),
                Routes.Of("open", "/open", "s"),
            ],
            [new ClusterModel("s", [gateway.Endpoint])]));
        (await gateway.StatusAsync("X-Caller: root\r\n", "/open")).ShouldBe("200");
        gateway.Asked.ShouldNotContain("root");
        (await gateway.StatusAsync("X-Caller: root\r\nX-Api-Key: k\r\n", "/guarded")).ShouldBe("200");
        gateway.Asked.ShouldContain("X-Caller: p\r\n");
        gateway.Asked.ShouldNotContain("root");
    }

    [Fact]
    public async Task A_name_that_was_not_resolved_lets_nobody_pass()
    {
        await using var gateway = new GuardedGateway(new GuardSpec { Use = "gone" });
        (await gateway.StatusAsync()).ShouldBe("403");
    }

    [Fact]
    public void A_guard_reaches_the_gateway_as_it_was_declared()
    {
        var guard = new GuardSpec
        {
            Allow = ["10.0.0.0/8"],
            Jwt = new JwtSpec { Keys = "https://id.example/jwks", Audience = ["a"], ClockSkew = TimeSpan.FromSeconds(5), ClaimsToHeaders = new Dictionary<string, string> { ["sub"] = "X-User" } },
            ApiKeys = new ApiKeysSpec { From = "/k" },
            Basic = new BasicSpec { From = "env:B" },
            Hmac = new HmacSpec { From = "/h", Body = new(5) },
            Certificate = new CertificateSpec { Subjects = ["CN=web"] },
            Scopes = ["a.b"],
            Mode = GuardMode.All,
            SubjectHeader = "X-Who",
            Strip = true,
        };
        var table = new TableModel(1, [], [Routes.All(spec => spec with { Guard = guard })], []);
        Mainstay.Core.Kinds.Codec.Same(TableModel.FromJson(table.ToJson()).Routes[0].Spec.Guard, guard).ShouldBeTrue();
    }

    static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    string Secret(string name, string content)
    {
        // Written whole under another name, so that no half of it is ever read.
        File.WriteAllText(folder[name + ".new"], content);
        File.SetUnixFileMode(folder[name + ".new"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(folder[name + ".new"], folder[name], overwrite: true);
        return folder[name];
    }
}
