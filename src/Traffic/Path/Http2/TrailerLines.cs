namespace Mainstay.Traffic.Path.Http2;

/// <summary>Writes a request's trailers as lines (RFC 9113 §8.1): no pseudo-fields among them. Which names may come there is judged by <see cref="ChunkScanner"/>.</summary>
internal sealed class TrailerLines : IFields
{
    /// <summary>Bytes that trailers may have as lines.</summary>
    public const int Most = 8 * 1024;

    private byte[] text = [];
    private int length;

    public bool IsMalformed { get; private set; }

    public ReadOnlySpan<byte> Lines => text.AsSpan(0, length);

    public void Begin()
    {
        text = Buffers.Rent(Most);
        length = 0;
        IsMalformed = false;
    }

    public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (IsMalformed) return;
        if (!FieldRules.IsName(name) || !FieldRules.IsValue(value) || FieldRules.IsOfConnection(name, value) || length + name.Length + value.Length + 4 > Most)
        {
            IsMalformed = true;
            return;
        }
        Add(name);
        Add(": "u8);
        Add(value);
        Add("\r\n"u8);
    }

    public void End()
    {
        Buffers.Return(text);
        text = [];
        length = 0;
    }

    private void Add(ReadOnlySpan<byte> more)
    {
        more.CopyTo(text.AsSpan(length));
        length += more.Length;
    }
}
