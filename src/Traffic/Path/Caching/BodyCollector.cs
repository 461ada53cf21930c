namespace Mainstay.Traffic.Path;

/// <summary>Collects a response's body as it passes by, in pieces that nobody changes afterwards.</summary>
internal sealed class BodyCollector
{
    private const int FirstPiece = 4 * 1024;
    private const int MostPiece = 64 * 1024;
    private readonly List<byte[]> pieces = [];
    private CacheStore? store;
    private ChunkScanner chunks;
    private byte[] current = [];
    private byte[] scratch = [];
    private int filled;
    private long kept;
    private long total;
    private long expected;
    private long most;
    private long reserved;
    private bool isChunked;

    /// <summary>All of it is there.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>It became larger than it may, there was no memory, or it was malformed: nothing more is collected.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>Begins; <see cref="IsGivenUp"/> where that is in vain.</summary>
    /// <param name="into">Whose memory it takes.</param>
    /// <param name="length">The body's length; -1 where it is chunked.</param>
    /// <param name="limit">The largest body.</param>
    /// <param name="hasBody">False where the response has none.</param>
    public void Begin(CacheStore into, long length, long limit, bool hasBody)
    {
        (store, expected, most, isChunked) = (into, length, limit, length < 0);
        chunks = new ChunkScanner();
        reserved = total = kept = 0;
        filled = 0;
        IsGivenUp = length > limit;
        IsWhole = !hasBody || length == 0;
        if (!IsGivenUp && !IsWhole && !Reserve(length < 0 ? FirstPiece : length)) IsGivenUp = true;
    }

    /// <summary>Takes a piece as it goes to the client.</summary>
    /// <param name="bytes">The piece.</param>
    /// <param name="isFramed">Its chunks are still framed.</param>
    public void Add(ReadOnlySpan<byte> bytes, bool isFramed)
    {
        if (IsGivenUp || IsWhole || bytes.IsEmpty) return;
        if (isFramed && isChunked)
        {
            if (scratch.Length < bytes.Length) scratch = new byte[Math.Max(bytes.Length, Buffers.Usual)];
            bytes.CopyTo(scratch);
            chunks.Take(scratch.AsSpan(0, bytes.Length), strip: true, out var data);
            if (chunks.IsBad) IsGivenUp = true;
            else Append(scratch.AsSpan(0, data));
            IsWhole = chunks.IsDone && !IsGivenUp;
            return;
        }
        Append(bytes);
        IsWhole = !isChunked && !IsGivenUp && total == expected;
    }

    /// <summary>The end of chunks whose framing was taken away already.</summary>
    public void End() => IsWhole |= isChunked && !IsGivenUp;

    /// <summary>Hands the body over.</summary>
    public byte[][] Take()
    {
        if (filled > 0) pieces.Add(filled == current.Length ? current : current[..filled]);
        var all = pieces.ToArray();
        Clear();
        return all;
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        pieces.Clear();
        current = [];
        filled = 0;
        store?.Release(reserved);
        reserved = 0;
        store = null;
        // A large chunk's scratch is not kept for the connection's life.
        if (scratch.Length > Buffers.Usual) scratch = [];
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        total += bytes.Length;
        if (total > most)
        {
            GiveUp();
            return;
        }
        while (!bytes.IsEmpty)
        {
            if (filled == current.Length && !MakePiece())
            {
                GiveUp();
                return;
            }
            var run = Math.Min(bytes.Length, current.Length - filled);
            bytes[..run].CopyTo(current.AsSpan(filled));
            filled += run;
            bytes = bytes[run..];
        }
    }

    private void GiveUp()
    {
        IsGivenUp = true;
        pieces.Clear();
        current = [];
        filled = 0;
    }

    private bool MakePiece()
    {
        if (filled > 0) pieces.Add(current);
        kept += filled;
        filled = 0;
        var next = isChunked ? Math.Min(MostPiece, Math.Max(FirstPiece, kept)) : Math.Min(MostPiece, expected - kept);
        if (isChunked && kept > 0 && !Reserve(next)) return false;
        current = new byte[next];
        return true;
    }

    private bool Reserve(long bytes)
    {
        if (!store!.TryReserve(bytes)) return false;
        reserved += bytes;
        return true;
    }
}
