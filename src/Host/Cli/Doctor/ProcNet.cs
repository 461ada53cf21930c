using System.Globalization;

namespace Mainstay.Host.Cli.Doctor;

/// <summary>Reads <c>/proc/net/tcp</c> and <c>/proc/net/tcp6</c>; the format is in proc(5) and the kernel's <c>Documentation/networking/proc_net_tcp.rst</c>.</summary>
public static class ProcNet
{
    const string Listening = "0A";

    /// <summary>The inode of the socket that listens on a port; null where none does.</summary>
    public static string? ListenerInode(string table, int port)
    {
        foreach (var line in table.Split('\n').Skip(1))
        {
            // sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == Listening && PortOf(fields[1]) == port)
            {
                return fields[9];
            }
        }

        return null;
    }

    static int PortOf(string address) =>
        int.TryParse(address.AsSpan(address.IndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port) ? port : -1;
}
