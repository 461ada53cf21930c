using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>Keys in a header.</summary>
internal sealed class ApiKeyWay(ApiKeysSpec spec, KeySource<ApiKeyBook> source, ProvenCache cache) : Way("apiKeys")
{
    private readonly byte[] header = Encoding.ASCII.GetBytes(spec.Header);

    public override string? Problem => source.Problem;

    public override IEnumerable<string> Headers => [spec.Header];

    public override string Challenge(string realm, Shown shown, string why) => $"ApiKey realm=\"{realm}\", header=\"{spec.Header}\"";

    public override bool TryProve(Exchange x, out Proof proof)
    {
        var head = x.HeadBytes;
        var at = 0;
        proof = Proof.Nothing;
        if (!x.Request.Next(head, ref at, header, out var value)) return true;
        if (x.Request.Next(head, ref at, header, out _))
        {
            proof = Proof.Bad("the key is there more than once");
            return true;
        }
        if (source.Current is not { } book)
        {
            proof = Proof.Unavailable("there are no keys");
            return true;
        }
        var key = value.Of(head);
        if (cache.TryGet(key, book, x.NowMs, out proof)) return true;
        proof = book.Prove(key);
        if (proof.Shown == Shown.Good) cache.Put(key, book, proof, x.NowMs, ProvenCache.LongestMs);
        return true;
    }
}
