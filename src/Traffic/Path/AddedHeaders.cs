using System.Buffers.Text;

namespace Mainstay.Traffic.Path;

/// <summary>Header lines that stations add to a response, whoever gives it: kept until its head is written.</summary>
internal sealed class AddedHeaders
{
    /// <summary>What does not fit is left out: a response never fails for it.</summary>
    public const int Most = 4096;

    private byte[] bytes = new byte[256];
    private int length;

    /// <summary>Whole lines, each with its line end.</summary>
    public ReadOnlySpan<byte> Lines => bytes.AsSpan(0, length);

    public int Length => length;

    public void Clear() => length = 0;

    /// <summary>Adds a line. The value holds no control characters.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!HasRoom(name.Length + value.Length + 4)) return;
        Put(name);
        Put(": "u8);
        Put(value);
        Put("\r\n"u8);
    }

    public void Add(ReadOnlySpan<byte> name, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out var written);
        Add(name, digits[..written]);
    }

    /// <summary>Adds lines that are whole already.</summary>
    public void AddLines(ReadOnlySpan<byte> lines)
    {
        if (HasRoom(lines.Length)) Put(lines);
    }

    private void Put(ReadOnlySpan<byte> part)
    {
        part.CopyTo(bytes.AsSpan(length));
        length += part.Length;
    }

    private bool HasRoom(int more)
    {
        if (length + more > Most) return false;
        if (length + more > bytes.Length) Array.Resize(ref bytes, Math.Min(Most, Math.Max(bytes.Length * 2, length + more)));
        return true;
    }
}
