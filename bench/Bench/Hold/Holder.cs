using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.Bench.Hold;

/// <summary>
/// Clients that only hold connections, for measurements of what they cost others: <c>idle</c> asks once and then stays, <c>half</c> sends half a head
/// and comes again when it is cut, <c>unread</c> asks and reads nothing. Endpoints that misbehave: <c>mute</c> never answers, <c>garbage</c> answers what is no header (nginx takes what does not even begin like HTTP for HTTP/0.9, and waits for more of it).
/// </summary>
internal static class Holder
{
    private static readonly byte[] Whole = "GET /1k HTTP/1.1\r\nHost: hold\r\n\r\n"u8.ToArray();
    private static readonly byte[] Half = "GET /1k HTTP/1.1\r\nHost: ho"u8.ToArray();

    /// <summary>Runs until its input ends; says <c>held N</c> when all is set up.</summary>
    public static async Task<int> RunAsync(string what, string port, string connections)
    {
        var at = new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
        var count = int.Parse(connections, CultureInfo.InvariantCulture);
        if (what is "mute" or "garbage")
        {
            _ = ServeAsync(at, what == "garbage");
        }
        else
        {
            // A window at a time: a listener's backlog is not endless.
            for (var done = 0; done < count; done += 500)
            {
                await Task.WhenAll(Enumerable.Range(done, Math.Min(500, count - done)).Select(_ => BeginAsync(what, at)));
            }
        }
        await Console.Out.WriteLineAsync($"held {count}");
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
        return 0;
    }

    private static async Task BeginAsync(string what, IPEndPoint at)
    {
        var socket = await OpenAsync(at, what == "half" ? Half : what == "unread" ? "GET /large HTTP/1.1\r\nHost: hold\r\n\r\n"u8.ToArray() : Whole, what == "unread");
        if (what == "idle")
        {
            var seen = "";
            var buffer = new byte[4096];
            while (!seen.EndsWith("xxxx", StringComparison.Ordinal)) seen += Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
        }
        if (what == "half") _ = ComeAgainAsync(socket, at);
    }

    private static async Task ComeAgainAsync(Socket socket, IPEndPoint at)
    {
        var buffer = new byte[1024];
        while (true)
        {
            try
            {
                while (await socket.ReceiveAsync(buffer) > 0)
                {
                }
                socket.Dispose();
                socket = await OpenAsync(at, Half, isSmall: false);
            }
            catch (SocketException)
            {
                // Cut without a word: it comes again all the same.
            }
        }
    }

    private static async Task<Socket> OpenAsync(IPEndPoint at, byte[] words, bool isSmall)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (isSmall) socket.ReceiveBufferSize = 4096;
        await socket.ConnectAsync(at);
        await socket.SendAsync(words);
        return socket;
    }

    private static async Task ServeAsync(IPEndPoint at, bool garbage)
    {
        using var door = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        door.Bind(at);
        door.Listen(1024);
        while (true) _ = MisbehaveAsync(await door.AcceptAsync(), garbage);
    }

    private static async Task MisbehaveAsync(Socket socket, bool garbage)
    {
        var buffer = new byte[1024];
        try
        {
            if (garbage) await socket.SendAsync("HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n"u8.ToArray());
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // The other side has had enough of it.
        }
        socket.Dispose();
    }
}
