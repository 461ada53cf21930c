using System.Buffers.Text;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>
/// RFC 7541, one connection's direction. What most responses of a service have in common is put into the table and costs a byte from then on; what differs
/// from one to the next, or is a secret, is written out and not remembered.
/// </summary>
internal sealed class HpackEncoder
{
    /// <summary>The largest table that we use, whatever the peer allows.</summary>
    public const int MostTable = 4096;

    private const int MostIndexed = 256;
    private readonly HpackTable table = new(MostTable);
    private int smallest = MostTable;
    private bool isResized;

    // RFC 7541 §7.1.3: nothing of these is secret, and their values repeat.
    private static readonly HashSet<uint> Indexed =
    [
        .. new[]
        {
            "server", "content-type", "via", "cache-control", "vary", "accept-ranges", "content-encoding", "date", "strict-transport-security", "access-control-allow-origin",
            "access-control-expose-headers", "access-control-allow-credentials", "x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy",
            "alt-svc", "x-powered-by", "grpc-status", "grpc-encoding", "grpc-accept-encoding", "ratelimit-policy",
        }.Select(name => HpackTable.HashOf(System.Text.Encoding.ASCII.GetBytes(name))),
    ];

    /// <summary>The peer's SETTINGS_HEADER_TABLE_SIZE.</summary>
    public void Resize(long allowed)
    {
        var size = (int)Math.Min(allowed, MostTable);
        if (size == table.MaxSize) return;
        table.Resize(size);
        smallest = Math.Min(smallest, size);
        isResized = true;
    }

    /// <summary>Begins a block: tells of a changed table, and of the smallest that it was meanwhile (§4.2).</summary>
    public void Begin(OutBuffer into)
    {
        if (!isResized) return;
        isResized = false;
        if (smallest < table.MaxSize) WriteNumber(into, 0x20, 5, smallest);
        WriteNumber(into, 0x20, 5, table.MaxSize);
        smallest = table.MaxSize;
    }

    public void Status(OutBuffer into, int status)
    {
        var known = status switch { 200 => 8, 204 => 9, 206 => 10, 304 => 11, 400 => 12, 404 => 13, 500 => 14, _ => 0 };
        if (known != 0)
        {
            into.Add((byte)(0x80 | known));
            return;
        }
        Span<byte> text = stackalloc byte[4];
        Utf8Formatter.TryFormat(status, text, out var length);
        WriteNumber(into, 0, 4, HpackStatic.Status);
        WriteString(into, text[..length]);
    }

    /// <summary>Writes a field; the name is in lower case.</summary>
    public void Field(OutBuffer into, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var hash = HpackTable.HashOf(name);
        var nameIndex = HpackStatic.Find(name, hash);
        if (value.Length <= MostIndexed && Indexed.Contains(hash))
        {
            var both = HpackTable.HashOf(value, hash);
            var known = table.Find(name, value, both);
            if (known >= 0)
            {
                WriteNumber(into, 0x80, 7, HpackStatic.Count + 1 + known);
                return;
            }
            if (table.MaxSize >= name.Length + value.Length + HpackTable.EntryExtra)
            {
                WriteNumber(into, 0x40, 6, nameIndex);
                if (nameIndex == 0) WriteString(into, name);
                WriteString(into, value);
                table.Add(name, value, both);
                return;
            }
        }
        // §6.2.3: a cookie is never remembered on its way.
        WriteNumber(into, name.SequenceEqual("set-cookie"u8) ? 0x10 : 0, 4, nameIndex);
        if (nameIndex == 0) WriteString(into, name);
        WriteString(into, value);
    }

    private static void WriteString(OutBuffer into, ReadOnlySpan<byte> text)
    {
        var length = Huffman.LengthOf(text);
        if (length < text.Length)
        {
            WriteNumber(into, 0x80, 7, length);
            Huffman.Encode(text, into.Take(length));
            return;
        }
        WriteNumber(into, 0, 7, text.Length);
        text.CopyTo(into.Take(text.Length));
    }

    /// <summary>§5.1.</summary>
    private static void WriteNumber(OutBuffer into, int head, int prefix, int number)
    {
        var most = (1 << prefix) - 1;
        if (number < most)
        {
            into.Add((byte)(head | number));
            return;
        }
        into.Add((byte)(head | most));
        number -= most;
        while (number >= 0x80)
        {
            into.Add((byte)(number | 0x80));
            number >>= 7;
        }
        into.Add((byte)number);
    }
}
