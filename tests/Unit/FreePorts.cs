using System.Net;
using System.Net.Sockets;

namespace Mainstay.Tests;

/// <summary>
/// Ports for servers that are started as processes of their own. They lie below those that the system gives to whoever asks for any (32,768 to 60,999): no other test comes upon one between now and its server's
/// start, nor while that is away, and no client that looks for its server meets another's.
/// </summary>
static class FreePorts
{
    const int First = 10_000;
    const int Last = 19_999;

    // Where this process begins: two at the same time rarely look at the same.
    static int next = Environment.ProcessId * 61 % (Last - First);

    /// <summary>A port that nobody listens at, another one each time.</summary>
    public static int One()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref next) & int.MaxValue) % (Last - First + 1);
            try
            {
                using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
