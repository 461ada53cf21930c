using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Mainstay.Schedule.Drivers;

/// <summary>Reads <c>/proc/net/tcp</c> and <c>/proc/net/tcp6</c>; the format is in proc(5) and the kernel's <c>Documentation/networking/proc_net_tcp.rst</c>.</summary>
public static class ProcNet
{
    const string Listening = "0A";

    /// <summary>The sockets that listen.</summary>
    /// <param name="table">The text of either file; what is not of its form is passed over.</param>
    public static IEnumerable<(IPEndPoint At, string Inode)> Listeners(string table)
    {
        foreach (var line in table.Split('\n').Skip(1))
        {
            // sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == Listening && EndOf(fields[1]) is { } at)
            {
                yield return (at, fields[9]);
            }
        }
    }

    /// <summary>The inode of the socket that listens on a port; null where none does.</summary>
    public static string? ListenerInode(string table, int port) => Listeners(table).FirstOrDefault(l => l.At.Port == port).Inode;

    // The address's words of four bytes, each as the processor would print it, here in the order of the little end; the port as a number.
    static IPEndPoint? EndOf(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port))
        {
            return null;
        }

        Span<byte> address = stackalloc byte[colon / 2];
        for (var at = 0; at < address.Length; at += 4)
        {
            if (!uint.TryParse(text.AsSpan(at * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var word))
            {
                return null;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(address[at..], word);
        }

        return new(new IPAddress(address), port);
    }
}
