using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Host.Roles;

namespace Mainstay.Host.Cluster;

/// <summary>
/// Where a server of a cluster listens beside its Admin API, all over mutual TLS: three ports in a row, etcd's for its clients, etcd's for the other members,
/// and the door by which servers join.
/// </summary>
/// <param name="Name">Of the server.</param>
/// <param name="End">Address of this machine that the other servers reach, and the first port.</param>
public sealed record ClusterPlace(string Name, IPEndPoint End)
{
    /// <summary>The first port, where none is given: etcd's own.</summary>
    public const int DefaultPort = 2379;

    public Uri Client => At("https", End.Port);

    public Uri Peer => At("https", End.Port + 1);

    public Uri Door => DoorOf(Client);

    public IPEndPoint DoorEnd => new(End.Address, End.Port + 2);

    /// <summary>The door of the server whose member is reached there.</summary>
    public static Uri DoorOf(Uri client) => new UriBuilder(client) { Port = client.Port + 2 }.Uri;

    /// <summary>Reads <c>ADDRESS[:PORT]</c>; null with a problem where it is none.</summary>
    public static IPEndPoint? Read(string text, ICollection<string> problems)
    {
        // An address of version 6 reads as one also with a port behind its brackets.
        var whole = IPEndPoint.TryParse(text, out var given) && given.Port > 0 ? given : IPAddress.TryParse(text, out var alone) ? new IPEndPoint(alone, DefaultPort) : null;
        if (whole is not null && !whole.Address.Equals(IPAddress.Any) && !whole.Address.Equals(IPAddress.IPv6Any) && whole.Port is > 0 and < 65534)
            return whole;
        problems.Add($"'{text}' is no place for a member of a cluster");
        problems.Add("give --cluster as ADDRESS or ADDRESS:PORT, with an IP address of this machine that the other servers reach; PORT (2379) and the two after it are listened on");
        return null;
    }

    /// <summary>The server's name: what was given, or the machine's.</summary>
    public static string NameOf(string given)
    {
        var name = given == RoleSettings.HostName ? Environment.MachineName.ToLowerInvariant() : given;
        return Names.IsValid(name) ? name : "server";
    }

    Uri At(string scheme, int port) => new UriBuilder(scheme, End.Address.ToString(), port).Uri;
}
