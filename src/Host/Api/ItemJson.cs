using System.Buffers;
using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api;

/// <summary>
/// Resources on the wire: the stored record with <c>kind</c> and <c>revision</c> in front. The store holds the codec's JSON already, so it is
/// copied, not decoded.
/// </summary>
public static class ItemJson
{
    /// <summary>One resource as a JSON object.</summary>
    public static byte[] Of(Kind kind, Entry entry)
    {
        var to = new ArrayBufferWriter<byte>(entry.Value.Length + 64);
        Write(to, kind, entry);
        return to.WrittenSpan.ToArray();
    }

    /// <summary>A list: <c>{items, revision, continue?}</c>.</summary>
    public static byte[] List(Kind kind, IReadOnlyList<Entry> entries, long revision, string? next = null)
    {
        var to = new ArrayBufferWriter<byte>(64 + entries.Sum(e => e.Value.Length + 64));
        to.Write("{\"items\":["u8);
        for (var i = 0; i < entries.Count; i++)
        {
            if (i > 0)
            {
                to.Write(","u8);
            }

            Write(to, kind, entries[i]);
        }

        to.Write("],\"revision\":"u8);
        Write(to, revision);
        if (next is not null)
        {
            to.Write(",\"continue\":"u8);
            to.Write(Codec.Encode(next));
        }

        to.Write("}"u8);
        return to.WrittenSpan.ToArray();
    }

    static void Write(ArrayBufferWriter<byte> to, Kind kind, Entry entry)
    {
        to.Write("{\"kind\":\""u8);
        Encoding.ASCII.GetBytes(kind.Name, to);
        to.Write("\",\"revision\":"u8);
        Write(to, entry.ModRevision);
        to.Write(","u8);
        to.Write(entry.Value.Span[1..]);
    }

    static void Write(ArrayBufferWriter<byte> to, long number)
    {
        number.TryFormat(to.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
        to.Advance(written);
    }
}
