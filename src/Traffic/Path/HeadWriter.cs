using System.Buffers.Binary;
using System.Buffers.Text;

namespace Mainstay.Traffic.Path;

/// <summary>Writes a head into a buffer that the caller made large enough.</summary>
internal ref struct HeadWriter(Span<byte> into)
{
    private readonly Span<byte> into = into;

    public int Length { get; private set; }

    public readonly bool EndsWithSlash => Length > 0 && into[Length - 1] == '/';

    public void Add(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(into[Length..]);
        Length += bytes.Length;
    }

    /// <summary>Adds a part of a path: a run of slashes becomes one, and none follows another that is there already.</summary>
    /// <param name="path">Bytes of a request's target.</param>
    /// <param name="escapes">Whether backslashes are encoded.</param>
    public void AddPath(scoped ReadOnlySpan<byte> path, bool escapes)
    {
        foreach (var next in path)
        {
            if (next == '/' && EndsWithSlash) continue;
            if (next == '\\' && escapes) Add("%5C"u8);
            else into[Length++] = next;
        }
    }

    public void Add(long number)
    {
        Utf8Formatter.TryFormat(number, into[Length..], out var written);
        Length += written;
    }

    /// <summary>Adds a number of an IPv4 address, and a dot where another follows.</summary>
    public void AddOctet(byte number, bool isLast)
    {
        var room = into[Length..];
        var at = 0;
        if (number >= 100) room[at++] = (byte)('0' + number / 100);
        if (number >= 10) room[at++] = (byte)('0' + number / 10 % 10);
        room[at++] = (byte)('0' + number % 10);
        if (!isLast) room[at++] = (byte)'.';
        Length += at;
    }

    /// <summary>Adds a number as 16 lowercase hexadecimal digits.</summary>
    public void AddHex(ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        Convert.TryToHexStringLower(bytes, into[Length..], out var written);
        Length += written;
    }

    /// <summary>Adds the header lines of a head but for its cuts: a few block copies, whatever the number of headers.</summary>
    public void AddHeaders(scoped ReadOnlySpan<byte> head, MessageHead parsed)
    {
        var from = parsed.StartLineLength;
        foreach (var cut in parsed.Cuts)
        {
            Add(head[from..cut.Start]);
            from = cut.Start + cut.Length;
        }
        Add(head[from..(parsed.Length - 2)]);
    }
}
