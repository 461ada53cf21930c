using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>Bearer tokens. A token that was verified is remembered, so that the next request with it costs a look-up.</summary>
internal sealed class JwtWay(JwtSpec spec, KeySource<KeySet> source, ProvenCache cache) : Way("jwt")
{
    private const int MostWaiting = 1000;

    private readonly JwtTerms terms = new(spec.Issuer, spec.Audience, spec.Believed(), spec.ClockSkew);

    // RSA and P-256 are verified in place, within 100 µs; the larger curves take several times as long and would hold up a loop.
    private readonly bool isSlow = spec.Believed().Any(algorithm => algorithm is "ES384" or "ES512");
    private int waiting;

    public override string? Problem => source.Problem;

    public override IEnumerable<string> Headers => ["Authorization"];

    /// <summary>RFC 6750 §3.</summary>
    public override string Challenge(string realm, Shown shown, string why) =>
        shown == Shown.Nothing ? $"Bearer realm=\"{realm}\"" : $"Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"{why}\"";

    public override bool TryProve(Exchange x, out Proof proof)
    {
        var token = Credentials(x, "bearer"u8);
        if (token.IsEmpty)
        {
            proof = Proof.Nothing;
            return true;
        }
        if (source.Current is not { } keys)
        {
            proof = Proof.Unavailable("there are no keys yet");
            return false;
        }
        if (cache.TryGet(token, keys, x.NowMs, out proof)) return true;
        if (isSlow) return false;
        proof = Judge(x, token, keys);
        return proof.Shown != Shown.UnknownKey;
    }

    /// <summary>
    /// The first sight of a token on a curve that takes long to verify, or of one that names a key that is not there: then the source is asked
    /// again, if that was not done a moment ago.
    /// </summary>
    public override async ValueTask<Proof> ProveAsync(Exchange x)
    {
        var token = Credentials(x, "bearer"u8).ToArray();
        if (Interlocked.Increment(ref waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref waiting);
            return Proof.Unavailable("too many wait for keys");
        }
        try
        {
            var proof = await JudgeAsync(x, token);
            if (proof.Shown is Shown.UnknownKey or Shown.Unavailable && source.LookAgain(x.NowMs) is { } looking)
            {
                await looking;
                proof = await JudgeAsync(x, token);
            }
            return proof;
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private ValueTask<Proof> JudgeAsync(Exchange x, byte[] token) =>
        source.Current is not { } keys ? new(Proof.Unavailable("there are no keys yet"))
        : isSlow ? new(Task.Run(() => Judge(x, token, keys)))
        : new(Judge(x, token, keys));

    public override Proof Peek(Exchange x)
    {
        var token = Credentials(x, "bearer"u8);
        return token.IsEmpty ? Proof.Nothing : source.Current is { } keys ? Judge(x, token, keys) : Proof.Unavailable("there are no keys yet");
    }

    private Proof Judge(Exchange x, ReadOnlySpan<byte> token, KeySet keys)
    {
        var now = x.Connection.Gateway.Time.GetUtcNow();
        var proof = JwtRules.Judge(token, terms, keys, now);
        if (proof.Shown == Shown.Good) cache.Put(token, keys, proof, x.NowMs, (long)Math.Min((proof.Until - now).TotalMilliseconds, ProvenCache.LongestMs));
        return proof;
    }
}
