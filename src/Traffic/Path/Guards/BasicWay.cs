using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>
/// Names and passwords. Their hashes take tens of milliseconds on purpose: they are computed on other threads, a few at a time, and what was
/// right is remembered for a minute, what was wrong for some seconds.
/// </summary>
internal sealed class BasicWay(KeySource<PasswordBook> source, ProvenCache cache) : Way("basic")
{
    private const int MostWaiting = 64;
    private const long WrongMs = 5_000;

    private static readonly SemaphoreSlim Turn = new(Math.Max(1, Environment.ProcessorCount / 2));
    private static int waiting;

    public override string? Problem => source.Problem;

    public override IEnumerable<string> Headers => ["Authorization"];

    public override string Challenge(string realm, Shown shown, string why) => $"Basic realm=\"{realm}\", charset=\"UTF-8\"";

    public override bool TryProve(Exchange x, out Proof proof)
    {
        var credentials = Credentials(x, "basic"u8);
        proof = Proof.Nothing;
        if (credentials.IsEmpty) return true;
        if (source.Current is not { } book)
        {
            proof = Proof.Unavailable("there are no passwords");
            return true;
        }
        return cache.TryGet(credentials, book, x.NowMs, out proof);
    }

    public override async ValueTask<Proof> ProveAsync(Exchange x)
    {
        if (source.Current is not { } book) return Proof.Unavailable("there are no passwords");
        var credentials = Credentials(x, "basic"u8).ToArray();
        if (Interlocked.Increment(ref waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref waiting);
            return Proof.Unavailable(Busy);
        }
        await Turn.WaitAsync();
        try
        {
            // The same client may have sent it again meanwhile.
            if (cache.TryGet(credentials, book, x.NowMs, out var known)) return known;
            var proof = await Task.Run(() => book.Prove(credentials));
            cache.Put(credentials, book, proof, x.NowMs, proof.Shown == Shown.Good ? ProvenCache.LongestMs : WrongMs);
            return proof;
        }
        finally
        {
            Turn.Release();
            Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>Why a password cannot be judged when too many are.</summary>
    public const string Busy = "too many passwords are being checked";
}
