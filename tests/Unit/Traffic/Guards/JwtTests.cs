using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Which tokens are believed, and why others are not.</summary>
public sealed class JwtTests
{
    static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    const string Holds = """{"sub":"alice","exp":1800000600}""";

    readonly Dictionary<string, Signer> signers = [];

    public static TheoryData<string> Files => ScenarioFile.In("jwt");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_token_gives_its_recorded_judgement(string file) => ScenarioFile.Run(file, step => step.Words[0] switch
    {
        "judge" => Judge(step),
        var other => throw new ArgumentException($"'{other}' is no command"),
    });

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS512")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public void A_signature_holds_for_its_own_key_and_algorithm_alone(string algorithm)
    {
        using var signer = new Signer(algorithm, "k");
        using var other = new Signer(algorithm, "k");
        var terms = Terms(algorithm);
        var token = signer.Token(Holds);
        Of(token, terms, Signer.Jwks(signer)).Shown.ShouldBe(Shown.Good);
        Of(token, terms, signer.Pem()).Shown.ShouldBe(Shown.Good);
        Of(token, terms, Signer.Jwks(other)).Why.ShouldBe("the token's signature is wrong");
        Of(token, Terms(algorithm == "RS256" ? "ES256" : "RS256"), Signer.Jwks(signer)).Why.ShouldBe("the token's algorithm is not accepted");
    }

    // RFC 8725 §2.1: the public key is public, and must not do as a secret.
    [Fact]
    public void A_token_signed_with_the_public_key_as_secret_is_refused()
    {
        using var signer = new Signer("RS256", "k");
        using var attacker = new Signer("HS256") { Secret = Encoding.ASCII.GetBytes(signer.Pem()) };
        var token = attacker.Token(Holds, """{"alg":"HS256","kid":"k"}""");
        foreach (var algorithms in new string[][] { ["RS256"], ["RS256", "HS256"] })
        {
            Of(token, new(null, [], algorithms, default), Signer.Jwks(signer)).Shown.ShouldBe(Shown.Bad);
            Of(token, new(null, [], algorithms, default), signer.Pem()).Shown.ShouldBe(Shown.Bad);
        }
    }

    [Fact]
    public void A_key_set_takes_no_private_keys_no_secrets_and_no_short_keys()
    {
        using var signer = new Signer("ES256");
        KeySet.ReadPublic(Encoding.UTF8.GetBytes(signer.PrivatePem())).Problem.ShouldBe("it holds a private key, which belongs to who signs");
        KeySet.ReadPublic("""{"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}"""u8.ToArray()).Problem.ShouldBe("it has no key that can be used");
        KeySet.ReadPublic("""{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"""u8.ToArray()).Problem.ShouldBe("it has no key that can be used");
        KeySet.ReadPublic("""{"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]}"""u8.ToArray()).Problem.ShouldBe("it has no key that can be used");
        KeySet.ReadPublic("rubbish"u8.ToArray()).Problem.ShouldNotBeNull();
        KeySet.ReadSecret("c2hvcnQ="u8.ToArray()).Problem.ShouldBe("the secret has less than 32 bytes");
    }

    [Fact]
    public void A_token_with_any_byte_changed_is_refused()
    {
        using var signer = new Signer("HS256");
        var keys = new KeySet([TokenKey.OfSecret(signer.Secret)!]);
        var token = Encoding.ASCII.GetBytes(signer.Token(Holds));
        JwtRules.Judge(token, Terms("HS256"), keys, Now).Shown.ShouldBe(Shown.Good);
        // The last character carries bits that are no part of the signature.
        var change = from at in Gen.Choose(0, token.Length - 2) from value in Gen.Choose(0, 255) where value != token[at] select (at, value);
        Prop.ForAll(change.ToArbitrary(), one =>
        {
            var changed = (byte[])token.Clone();
            changed[one.at] = (byte)one.value;
            return JwtRules.Judge(changed, Terms("HS256"), keys, Now).Shown is Shown.Bad;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Any_bytes_are_judged_without_a_throw() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        var proof = JwtRules.Judge([.. Encoding.ASCII.GetBytes("eyJhbGciOiJIUzI1NiJ9."), .. bytes, (byte)'.', (byte)'A'], Terms("HS256"), new KeySet([]), Now);
        return proof.Shown != Shown.Good;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void What_was_proven_is_found_until_it_ends_and_only_under_its_keys()
    {
        var cache = new ProvenCache(7, sets: 2);
        var (keys, others) = (new object(), new object());
        var proof = Proof.Good(new Identity("jwt", "a", "", []), DateTimeOffset.MaxValue);
        cache.Put("token-1"u8, keys, proof, nowMs: 1000, forMs: 500);
        cache.TryGet("token-1"u8, keys, 1499, out var found).ShouldBeTrue();
        found.Identity.ShouldBeSameAs(proof.Identity);
        cache.TryGet("token-1"u8, keys, 1500, out _).ShouldBeFalse();
        cache.TryGet("token-1"u8, others, 1400, out _).ShouldBeFalse();
        cache.TryGet("token-2"u8, keys, 1400, out _).ShouldBeFalse();
        cache.Put("token-3"u8, keys, proof, nowMs: 1000, forMs: long.MaxValue);
        cache.TryGet("token-3"u8, keys, 1000 + ProvenCache.LongestMs, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_nonce_is_taken_once_within_the_window_whatever_comes_between()
    {
        var step = from nonce in Gen.Choose(0, 20) from wait in Gen.Choose(0, 40) select (nonce, wait);
        Prop.ForAll(step.ArrayOf().ToArbitrary(), steps =>
        {
            var window = new ReplayWindow(100);
            var taken = new Dictionary<int, long>();
            var now = 1000L;
            foreach (var (nonce, wait) in steps)
            {
                now += wait;
                var isNew = window.TryTake((UInt128)nonce, now);
                if (isNew && taken.TryGetValue(nonce, out var before) && now - before < 100) return false;
                if (!isNew && !taken.ContainsKey(nonce)) return false;
                if (isNew) taken[nonce] = now;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_full_window_takes_no_more()
    {
        var window = new ReplayWindow(100, most: 2);
        window.TryTake(1, 0).ShouldBeTrue();
        window.TryTake(2, 0).ShouldBeTrue();
        window.TryTake(3, 0).ShouldBeFalse();
        window.TryTake(1, 150).ShouldBeFalse();
        window.TryTake(3, 150).ShouldBeTrue();
    }

    static JwtTerms Terms(string algorithm) => new(null, [], [algorithm], TimeSpan.Zero);

    static Proof Of(string token, JwtTerms terms, string keys) =>
        JwtRules.Judge(Encoding.ASCII.GetBytes(token), terms, KeySet.ReadPublic(Encoding.UTF8.GetBytes(keys)).Set!, Now);

    Signer SignerOf(string algorithm) => signers.TryGetValue(algorithm, out var known) ? known : signers[algorithm] = new Signer(algorithm);

    string Judge(ScenarioStep step)
    {
        var words = step.Words.Skip(1).Select(word => word.Split('=', 2)).ToDictionary(word => word[0], word => word[1]);
        var lines = step.Input.Split('\n');
        var algorithm = words.GetValueOrDefault("signed", "HS256");
        var signer = SignerOf(algorithm);
        var token = lines[0] == "raw" ? lines[1] : signer.Token(lines[^1], lines.Length > 1 ? lines[0] : null);
        var keys = algorithm[0] == 'H' ? new KeySet([TokenKey.OfSecret(signer.Secret)!]) : KeySet.ReadPublic(Encoding.UTF8.GetBytes(Signer.Jwks(signer))).Set!;
        var terms = new JwtTerms(
            words.GetValueOrDefault("issuer"), words.GetValueOrDefault("audience")?.Split(',') ?? [], words.GetValueOrDefault("algorithms", "HS256").Split(','),
            TimeSpan.FromSeconds(int.Parse(words.GetValueOrDefault("skew", "0"))));
        var proof = JwtRules.Judge(Encoding.ASCII.GetBytes(token), terms, keys, Now);
        return proof.Shown == Shown.Good
            ? $"good: {proof.Identity}, for {(proof.Until == DateTimeOffset.MaxValue ? "ever" : $"{(proof.Until - Now).TotalSeconds:0} s")}{string.Concat((words.GetValueOrDefault("claims")?.Split(',') ?? []).Select(name => $"\n{name}: {Encoding.UTF8.GetString(proof.Identity!.Claim(name))}"))}"
            : $"{proof.Shown.ToString().ToLowerInvariant()}: {proof.Why}";
    }
}
