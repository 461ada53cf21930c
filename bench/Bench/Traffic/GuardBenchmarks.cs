using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Guards;
using Mainstay.Traffic.Policies;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Bench.Traffic;

/// <summary>A token of some 400 bytes that was verified before, with a scope and two headers for the service.</summary>
internal sealed class GuardBenchmark : IBenchmark
{
    private Exchange? exchange;
    private Gate? gate;

    public string Name => "traffic/guard-jwt-known";

    public void Setup()
    {
        var secret = Path.GetTempFileName();
        File.WriteAllText(secret, Convert.ToBase64String(Tokens.Secret));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var spec = new GuardSpec
        {
            Jwt = new JwtSpec { Secret = secret, Issuer = "https://id.example", Audience = ["orders"], ClaimsToHeaders = new Dictionary<string, string> { ["sub"] = "X-User", ["tenant"] = "X-Tenant" } },
            Scopes = ["orders.write"],
        };
        var table = Samples.Table with { Routes = [.. Samples.Table.Routes.Select(route => route with { Spec = route.Spec with { Guard = spec } })] };
        var gateway = new Gateway(new MemoryTransport([], [], suspends: false));
        gateway.Apply(table);
        var listener = gateway.Find("gateway")!;
        exchange = Exchange.Rent(new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1));
        var text = Encoding.ASCII.GetString(Samples.Request).Replace("\r\n\r\n", $"\r\nAuthorization: Bearer {Tokens.Hmac()}\r\n\r\n", StringComparison.Ordinal);
        var bytes = Encoding.ASCII.GetBytes(text);
        bytes.CopyTo(exchange.Input.Room());
        exchange.Input.Took(bytes.Length);
        exchange.Request.Reset();
        exchange.Request.Parse(exchange.Input.Bytes, gateway.Limits);
        exchange.Begin(0);
        gate = Match.Find(listener.Table, exchange.Request, exchange.HeadBytes, out _)!.Gates[0];
        File.Delete(secret);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            exchange!.Identity = null;
            exchange.Onward.Clear();
            if (gate!.Enter(exchange, 0) != Verdict.Pass) throw new InvalidOperationException($"The sample is refused: {exchange.Reason}.");
        }
    }
}

/// <summary>A client's address among 1,000 ranges.</summary>
internal sealed class AddressBenchmark : IBenchmark
{
    private readonly IpRanges ranges = new(Enumerable.Range(0, 1000).Select(index => $"10.{index / 250}.{index % 250}.0/25"));
    private readonly UInt128 address = IpText.Of(System.Net.IPAddress.Parse("10.2.100.7"));

    public string Name => "traffic/guard-address";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (!ranges.Contains(address)) throw new InvalidOperationException("The sample is not found.");
        }
    }
}

/// <summary>The door while nobody is banned, as every request passes it: who comes, and how his request ended.</summary>
internal sealed class DoorBenchmark : IBenchmark
{
    private Exchange? exchange;
    private Doorkeeper? door;

    public string Name => "traffic/bans-nobody";

    public void Setup()
    {
        var gateway = new Gateway(new MemoryTransport([], [], suspends: false));
        gateway.Apply(Samples.Table with { Bans = new BanSpec { Requests = int.MaxValue } });
        var listener = gateway.Find("gateway")!;
        door = listener.Table.Door;
        exchange = Exchange.Rent(new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1));
        Samples.Request.CopyTo(exchange.Input.Room());
        exchange.Input.Took(Samples.Request.Length);
        exchange.Request.Reset();
        exchange.Request.Parse(exchange.Input.Bytes, gateway.Limits);
        exchange.Begin(0);
        exchange.Status = 200;
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (door!.Judge(exchange!) != Reason.None) throw new InvalidOperationException("The sample is banned.");
            door.Note(exchange!);
        }
    }
}

/// <summary>A request's head with what a route asks of it: a header, a query parameter, numbers and sizes.</summary>
internal sealed class ValidateHeadBenchmark : IBenchmark
{
    private readonly ValidateSpec spec = new()
    {
        Headers = new Dictionary<string, string> { ["Host"] = "*", ["X-Debug"] = "!" }, MaxHeaders = 50, MaxHeaderBytes = new(8192),
    };

    private Exchange? exchange;
    private Gate? gate;

    public string Name => "traffic/validate-head";

    public void Setup()
    {
        var gateway = new Gateway(new MemoryTransport([], [], suspends: false));
        gateway.Apply(Samples.Table with { Routes = [.. Samples.Table.Routes.Select(route => route with { Spec = route.Spec with { Valid = spec } })] });
        var listener = gateway.Find("gateway")!;
        exchange = Exchange.Rent(new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1));
        Samples.Request.CopyTo(exchange.Input.Room());
        exchange.Input.Took(Samples.Request.Length);
        exchange.Request.Reset();
        exchange.Request.Parse(exchange.Input.Bytes, gateway.Limits);
        exchange.Begin(0);
        gate = Match.Find(listener.Table, exchange.Request, exchange.HeadBytes, out _)!.Gates[0];
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (gate!.Enter(exchange!, 0) != Verdict.Pass) throw new InvalidOperationException($"The sample is refused: {exchange!.Reason}.");
        }
    }
}

/// <summary>A body of 1 KB and its schema: an order of ten lines.</summary>
internal sealed class ValidateBodyBenchmark : IBenchmark
{
    private readonly byte[] body = Encoding.UTF8.GetBytes($$"""{"customer":"c-1","lines":[{{string.Join(',', Enumerable.Range(1, 10).Select(line => $$"""{"item":"ABC-{{line}}{{line}}","count":{{line}},"note":"{{new string('n', 60)}}"}"""))}}]}""");
    private Mainstay.Core.Validation.JsonSchema? schema;

    public string Name => "traffic/validate-body-1k";

    public void Setup()
    {
        using var source = System.Text.Json.JsonDocument.Parse("""
            {"type":"object","required":["customer","lines"],"additionalProperties":false,"properties":{"customer":{"type":"string","maxLength":20},"lines":{"type":"array","maxItems":100,"items":
            {"type":"object","required":["item","count"],"properties":{"item":{"type":"string","pattern":"^[A-Z]{3}-\\d+$"},"count":{"type":"integer","minimum":1},"note":{"type":"string"}}}}}}
            """);
        schema = Mainstay.Core.Validation.JsonSchema.Read(source.RootElement, true).Schema;
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (BodyCheck.Check(body, schema!, 20, out _).Count > 0) throw new InvalidOperationException("The sample does not fit.");
        }
    }
}

/// <summary>A limit's key from a claim that a guard has had proven.</summary>
internal sealed class ClaimKeyBenchmark : IBenchmark
{
    private readonly LimitKeyReader reader = new("claim:tenant", null!);
    private readonly Exchange exchange = new()
    {
        Identity = new Identity("jwt", "alice", "k", ["a"], new Dictionary<string, string> { ["sub"] = "alice", ["tenant"] = "0b3c8e0e-6a3f-4f1c-9d38-3c1b1a8a6f52" }),
    };

    private ulong seen;

    public string Name => "traffic/limit-key-claim";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) seen ^= reader.Of(exchange);
        if (seen == 1) throw new InvalidOperationException("The sample has no tenant.");
    }
}

/// <summary>Whether one of 10,000 clients is banned, of whom every tenth is.</summary>
internal sealed class BannedBenchmark : IBenchmark
{
    private readonly BanTable table = new(16_384, 1);

    public string Name => "traffic/bans-look";

    public void Setup()
    {
        var terms = new BanTerms { WindowMs = 60_000, Failures = 1, ForMs = 1_000_000, LongestMs = 1_000_000 };
        for (var client = 0u; client < 10_000; client++) table.Note(IpText.FromIPv4(client), client % 10 == 0 ? Sight.Failure : Sight.Plain, 0, terms, 1, out _);
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var client = (uint)index % 10_000;
            if (table.LeftMs(IpText.FromIPv4(client), 2) > 0 != (client % 10 == 0)) throw new InvalidOperationException("The sample is not what it was.");
        }
    }
}

/// <summary>The first sight of a token with an RSA signature of 2,048 bits.</summary>
internal sealed class ColdRsaBenchmark() : ColdTokenBenchmark("RS256");

/// <summary>The first sight of a token with a signature on P-256.</summary>
internal sealed class ColdCurveBenchmark() : ColdTokenBenchmark("ES256");

/// <summary>The first sight of a token with a signature on P-521, the slowest of all.</summary>
internal sealed class ColdLargeCurveBenchmark() : ColdTokenBenchmark("ES512");

internal abstract class ColdTokenBenchmark(string algorithm) : IBenchmark
{
    private readonly JwtTerms terms = new("https://id.example", ["orders"], [algorithm], TimeSpan.FromSeconds(60));
    private byte[] token = [];
    private KeySet? keys;

    public string Name => $"traffic/guard-jwt-first-{algorithm.ToLowerInvariant()}";

    public void Setup() => (token, keys) = Tokens.Signed(algorithm);

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (JwtRules.Judge(token, terms, keys!, Tokens.Now).Shown != Shown.Good) throw new InvalidOperationException("The sample is refused.");
        }
    }
}

internal static class Tokens
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    public static readonly byte[] Secret = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");

    private const string Claims = """{"iss":"https://id.example","aud":["orders","shop"],"sub":"alice@example.com","tenant":"acme","scope":"orders.read orders.write","iat":1700000000,"exp":4000000000,"jti":"5f0c7a52-18f1-4d0e-8a44-0d5d8c5a3f01"}""";

    public static string Hmac()
    {
        var signed = Unsigned("HS256");
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(Secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    public static (byte[] Token, KeySet Keys) Signed(string algorithm)
    {
        var signed = Unsigned(algorithm);
        var bytes = Encoding.ASCII.GetBytes(signed);
        if (algorithm[0] == 'R')
        {
            using var rsa = RSA.Create(2048);
            return (With(signed, rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), Read(rsa.ExportSubjectPublicKeyInfoPem()));
        }
        using var curve = ECDsa.Create(algorithm == "ES256" ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP521);
        return (With(signed, curve.SignData(bytes, algorithm == "ES256" ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512)), Read(curve.ExportSubjectPublicKeyInfoPem()));
    }

    private static KeySet Read(string pem) => KeySet.ReadPublic(Encoding.ASCII.GetBytes(pem)).Set!;

    private static byte[] With(string signed, byte[] signature) => Encoding.ASCII.GetBytes($"{signed}.{Base64Url.EncodeToString(signature)}");

    private static string Unsigned(string algorithm) =>
        $"{Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"{{algorithm}}","typ":"JWT"}"""))}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(Claims))}";
}
