using System.Net;
using System.Net.Sockets;

namespace Mainstay.EndToEnd.Harness;

/// <summary>
/// Ports that nobody uses now, from 10,000 to 19,999: apart from those that agents and the mesh choose from (20,000 to 32,767), and from those that the system gives to whoever asks for any, who might come upon
/// one while its process is away.
/// </summary>
static class Ports
{
    const int First = 10_000;
    const int Last = 19_999;
    static int next = System.Environment.ProcessId * 61 % (Last - First);

    /// <summary>Gives <paramref name="count"/> different free ports.</summary>
    public static int[] Free(int count)
    {
        var held = Enumerable.Range(0, count).Select(_ => Hold()).ToArray();
        var ports = held.Select(s => ((IPEndPoint)s.LocalEndPoint!).Port).ToArray();
        Array.ForEach(held, s => s.Dispose());
        return ports;
    }

    /// <summary>Listens on a free port until disposed.</summary>
    public static Socket Hold()
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, First + (Interlocked.Increment(ref next) & int.MaxValue) % (Last - First + 1)));
                socket.Listen();
                return socket;
            }
            catch (SocketException)
            {
                // Somebody has it.
                socket.Dispose();
            }
        }
    }
}
