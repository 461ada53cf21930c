using System.Buffers.Binary;
using System.Security.Cryptography;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>Makes the gate that a route's guard asks for. Sources of keys and what was proven by them are shared by routes with the same terms, and outlive tables.</summary>
internal static class GuardCompiler
{
    /// <summary>Headers in which guards tell services who asks. No client may set them, on any route: the service would believe it.</summary>
    public static byte[][] IdentityHeaders(IEnumerable<RouteModel> routes) => [.. routes
        .Select(route => route.Spec.Guard)
        .OfType<GuardSpec>()
        .SelectMany(guard => (guard.Jwt?.ClaimsToHeaders.Values ?? []).Append(guard.SubjectHeader))
        .OfType<string>()
        .Distinct(StringComparer.OrdinalIgnoreCase)
        .Select(System.Text.Encoding.ASCII.GetBytes)];

    /// <summary>Adds the gate of a route's guard; to a route without one, the removal of what others' guards tell.</summary>
    /// <param name="gates">The target's gates so far.</param>
    /// <param name="about">How interventions name the target.</param>
    /// <param name="route">The route; null for a mesh listener, whose callers are services of ours and may pass on what they were told.</param>
    /// <param name="identityHeaders">What <see cref="IdentityHeaders"/> gave.</param>
    /// <param name="policies">What outlives the table.</param>
    public static void AddTo(List<Gate> gates, string about, RouteSpec? route, byte[][] identityHeaders, PolicyBook policies)
    {
        if (route is null) return;
        if (route.Guard is not { } spec)
        {
            if (identityHeaders.Length > 0) gates.Add(new IdentityHeaderGate(identityHeaders));
            return;
        }
        // Names are resolved before a table is made. Where one is left, what it stood for is not known, and nobody passes.
        if (spec.Use is not null) spec = new GuardSpec { Deny = ["0.0.0.0/0", "::/0"] };
        // Asked for with every table, so that the book keeps them; the gate holds the same ones for as long as its terms stay.
        Way[] ways = [.. Ways(spec, policies)];
        var removed = identityHeaders.Select(System.Text.Encoding.ASCII.GetString).ToArray();
        gates.Add(policies.Of($"{about}/guard", new { spec, removed }, () => new GuardGate(about, spec, ways, identityHeaders)));
    }

    private static IEnumerable<Way> Ways(GuardSpec spec, PolicyBook policies)
    {
        if (spec.Certificate is { } certificate) yield return policies.Of("guard/certificate", certificate, () => new CertificateWay(certificate, Cache()));
        if (spec.Jwt is { } jwt)
        {
            var keys = KeysOf(jwt, policies);
            yield return policies.Of("guard/jwt", jwt, () => new JwtWay(jwt, keys, Cache()));
        }
        if (spec.ApiKeys is { } apiKeys)
        {
            var keys = policies.Of<KeySource<ApiKeyBook>>("keys/api", apiKeys.From, () => new FileSource<ApiKeyBook>(apiKeys.From, false, ApiKeyBook.Read));
            yield return policies.Of("guard/apiKeys", apiKeys, () => new ApiKeyWay(apiKeys, keys, Cache()));
        }
        if (spec.Basic is { } basic)
        {
            var keys = policies.Of<KeySource<PasswordBook>>("keys/basic", basic.From, () => new FileSource<PasswordBook>(basic.From, false, PasswordBook.Read));
            yield return policies.Of("guard/basic", basic, () => new BasicWay(keys, Cache()));
        }
        if (spec.Hmac is { } hmac)
        {
            var keys = policies.Of<KeySource<HmacBook>>("keys/hmac", hmac.From, () => new FileSource<HmacBook>(hmac.From, false, HmacBook.Read));
            // A signature holds on either side of now, so that its nonce has to be known for twice the window; whatever the route, since it names one.
            var nonces = policies.Of("nonces/hmac", new { hmac.From, hmac.Window }, () => new ReplayWindow(2 * (long)hmac.Window.TotalMilliseconds));
            yield return policies.Of("guard/hmac", hmac, () => new HmacWay(hmac, keys, nonces));
        }
    }

    private static KeySource<KeySet> KeysOf(JwtSpec jwt, PolicyBook policies) =>
        jwt.Secret is { } secret ? policies.Of<KeySource<KeySet>>("keys/secret", secret, () => new FileSource<KeySet>(secret, false, KeySet.ReadSecret))
        : jwt.Keys!.Contains("://", StringComparison.Ordinal) ? policies.Of<KeySource<KeySet>>("keys/jwks", new { jwt.Keys, jwt.Refresh }, () => new JwksSource(jwt.Keys, jwt.Refresh))
        : policies.Of<KeySource<KeySet>>("keys/public", jwt.Keys, () => new FileSource<KeySet>(jwt.Keys, true, KeySet.ReadPublic));

    private static ProvenCache Cache() => new(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)));
}
