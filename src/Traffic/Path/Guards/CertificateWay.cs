using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>The certificate that the client showed when the connection was made. The listener has verified it; here counts whose it is.</summary>
internal sealed class CertificateWay(CertificateSpec spec, ProvenCache cache) : Way("certificate")
{
    private readonly HashSet<string> subjects = [.. spec.Subjects];

    public override string? Problem => null;

    public override string Challenge(string realm, Shown shown, string why) => $"Certificate realm=\"{realm}\"";

    public override bool TryProve(Exchange x, out Proof proof)
    {
        proof = Proof.Nothing;
        if (x.Client.Facts?.ClientSubject is not { Length: > 0 } subject) return true;
        if (subjects.Count > 0 && !subjects.Contains(subject))
        {
            proof = Proof.Forbidden("the certificate is none of those that may");
            return true;
        }
        var key = System.Runtime.InteropServices.MemoryMarshal.AsBytes(subject.AsSpan());
        if (cache.TryGet(key, this, x.NowMs, out proof)) return true;
        proof = Proof.Good(new Identity("certificate", subject, "", []), DateTimeOffset.MaxValue);
        cache.Put(key, this, proof, x.NowMs, ProvenCache.LongestMs);
        return true;
    }
}
