namespace Mainstay.Traffic.Path;

/// <summary>
/// What was received from a client and is not used up. A small buffer of its own is enough for most heads, so that a client that sends its head
/// slowly holds little; a larger head moves to a larger buffer until it is done.
/// </summary>
internal sealed class ClientInput
{
    private const int Small = 2 * 1024;
    private readonly byte[] small = new byte[Small];
    private byte[] buffer;

    public ClientInput() => buffer = small;

    public int Start { get; private set; }

    public int End { get; private set; }

    public int Available => End - Start;

    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(Start, End - Start);

    public Memory<byte> Memory => buffer.AsMemory(Start, End - Start);

    /// <summary>Room behind what is there.</summary>
    public Memory<byte> Room()
    {
        if (Start == End) Start = End = 0;
        else if (End == buffer.Length) MakeRoom();
        return buffer.AsMemory(End);
    }

    public void Took(int bytes) => End += bytes;

    public void Skip(int bytes)
    {
        Start += bytes;
        if (Start == End) Shrink();
    }

    /// <summary>Puts back what was received beyond a body's end; nothing else is there then.</summary>
    public void PutBack(ReadOnlySpan<byte> bytes)
    {
        Start = End = 0;
        while (buffer.Length < bytes.Length) Grow();
        bytes.CopyTo(buffer);
        End = bytes.Length;
    }

    /// <summary>Forgets what is there.</summary>
    public void Clear() => Shrink();

    private void Shrink()
    {
        Start = End = 0;
        if (buffer.Length == Small) return;
        Buffers.Return(buffer);
        buffer = small;
    }

    private void MakeRoom()
    {
        if (Start > 0)
        {
            Bytes.CopyTo(buffer);
            End -= Start;
            Start = 0;
        }
        else
        {
            Grow();
        }
    }

    private void Grow()
    {
        var larger = Buffers.Rent(buffer.Length * 2);
        Bytes.CopyTo(larger);
        if (buffer.Length != Small) Buffers.Return(buffer);
        buffer = larger;
        End -= Start;
        Start = 0;
    }
}
