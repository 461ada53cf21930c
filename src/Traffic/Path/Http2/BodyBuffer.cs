namespace Mainstay.Traffic.Path.Http2;

/// <summary>What arrived of a body and was not taken yet. Bounded by flow control; holds a buffer only while there is something.</summary>
internal struct BodyBuffer()
{
    private byte[] bytes = [];
    private int start;
    private int end;

    public readonly int Count => end - start;

    public void Add(ReadOnlySpan<byte> more)
    {
        if (more.IsEmpty) return;
        if (end + more.Length > bytes.Length) Prepare(more.Length);
        more.CopyTo(bytes.AsSpan(end));
        end += more.Length;
    }

    /// <summary>Takes as much as there is room for.</summary>
    public int Take(Span<byte> into)
    {
        var count = Math.Min(into.Length, Count);
        bytes.AsSpan(start, count).CopyTo(into);
        start += count;
        if (start == end) Clear();
        return count;
    }

    public void Clear()
    {
        start = end = 0;
        if (bytes.Length > 0) Buffers.Return(bytes);
        bytes = [];
    }

    private void Prepare(int more)
    {
        var target = bytes;
        if ((Count + more) * 2 > bytes.Length) target = Buffers.Rent(Math.Max((Count + more) * 2, Buffers.Usual));
        bytes.AsSpan(start, Count).CopyTo(target);
        if (target != bytes && bytes.Length > 0) Buffers.Return(bytes);
        end = Count;
        start = 0;
        bytes = target;
    }
}
