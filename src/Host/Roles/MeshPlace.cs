using System.Net;
using System.Net.Sockets;

namespace Mainstay.Host.Roles;

/// <summary>Where this host's gateway takes in what others' gateways send to its instances: chosen once and kept, since others know it.</summary>
static class MeshPlace
{
    /// <summary>The place that was kept, if it has this address; else the wanted port, or a free one where somebody has that.</summary>
    public static IPEndPoint Of(DataLayout data, IPAddress address, int wanted)
    {
        if (File.Exists(data.MeshFile) && IPEndPoint.TryParse(File.ReadAllText(data.MeshFile).Trim(), out var kept) && kept.Address.Equals(address) && kept.Port > 0)
        {
            return kept;
        }

        var place = new IPEndPoint(address, Bound(address, wanted) ?? Bound(address, 0) ?? wanted);
        Directory.CreateDirectory(Path.GetDirectoryName(data.MeshFile)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(data.MeshFile, place.ToString());
        return place;
    }

    static int? Bound(IPAddress address, int port)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(address, port > 65535 ? 0 : port));
            return ((IPEndPoint)probe.LocalEndPoint!).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
