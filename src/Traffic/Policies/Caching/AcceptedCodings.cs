namespace Mainstay.Traffic.Policies;

/// <summary>What an Accept-Encoding accepts, remembered from the last one: clients of a kind all send the same.</summary>
internal sealed class AcceptedCodings
{
    private const int Most = 64;
    private readonly byte[] last = new byte[Most];
    private int length = -1;
    private int mask;

    /// <summary>As <see cref="SelectingHeader.Accepted"/>.</summary>
    public int Of(ReadOnlySpan<byte> value)
    {
        if (length >= 0 && value.SequenceEqual(last.AsSpan(0, length))) return mask;
        var read = SelectingHeader.Accepted(value);
        if (value.Length > Most) return read;
        value.CopyTo(last);
        (length, mask) = (value.Length, read);
        return read;
    }
}
