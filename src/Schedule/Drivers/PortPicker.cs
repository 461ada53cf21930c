using System.Net;
using System.Net.Sockets;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Gives every instance a port of its own from 20000 to 29999. A port stays with its instance until that is forgotten; a port that somebody
/// else on the machine holds is passed over.
/// </summary>
public sealed class PortPicker
{
    public const int First = 20000;
    public const int Last = 29999;

    readonly Lock gate = new();
    readonly Dictionary<int, string> owners = [];
    readonly IPAddress address;
    int next;

    /// <param name="address">Where instances listen.</param>
    /// <param name="seed">Agents of one machine begin at different places, so that they rarely try the same port at the same time.</param>
    public PortPicker(IPAddress address, string seed)
    {
        this.address = address;
        next = First + (int)(seed.Aggregate(17u, (hash, c) => (hash * 31) + c) % (Last - First + 1));
    }

    /// <summary>Remembers a port that an instance had before our restart.</summary>
    public void Keep(string instance, int port)
    {
        lock (gate)
        {
            owners.TryAdd(port, instance);
        }
    }

    /// <summary>The instance's port: the one it had if nobody else listens there, else another; null where none is free.</summary>
    public int? Pick(string instance, int before)
    {
        lock (gate)
        {
            if (before != 0 && owners.TryGetValue(before, out var owner) && owner == instance)
            {
                if (IsFree(before))
                {
                    return before;
                }

                owners.Remove(before);
            }

            for (var tries = First; tries <= Last; tries++)
            {
                var port = next;
                next = next == Last ? First : next + 1;
                if (!owners.ContainsKey(port) && IsFree(port))
                {
                    owners.Add(port, instance);
                    return port;
                }
            }

            return null;
        }
    }

    public void Release(string instance, int port)
    {
        lock (gate)
        {
            if (owners.TryGetValue(port, out var owner) && owner == instance)
            {
                owners.Remove(port);
            }
        }
    }

    bool IsFree(int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
