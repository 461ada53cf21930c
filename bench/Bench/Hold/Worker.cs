using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.Bench.Hold;

/// <summary>
/// A service of known capacity: so many requests at a time, each so long; the others wait their turn, without end. A body is taken as a whole before the turn. Where there is a next service, it is called
/// within the turn, with the request's level, and its status is the answer's.
/// </summary>
internal sealed class Worker(int workers, int serviceMs, int next)
{
    private readonly SemaphoreSlim turns = new(workers);

    /// <summary>Runs until its input ends.</summary>
    public static async Task<int> RunAsync(string port, string workers, string serviceMs, string next)
    {
        var worker = new Worker(Number(workers), Number(serviceMs), Number(next));
        using var door = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        door.Bind(new IPEndPoint(IPAddress.Loopback, Number(port)));
        door.Listen(4096);
        _ = worker.AcceptAsync(door);
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
        return 0;
    }

    private async Task AcceptAsync(Socket door)
    {
        while (true) _ = ServeAsync(await door.AcceptAsync());
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        Socket? onward = null;
        var buffer = new byte[256 * 1024];
        try
        {
            while (await ReadAsync(socket, buffer) is { } head)
            {
                await turns.WaitAsync();
                var status = 200;
                try
                {
                    if (serviceMs > 0) await Task.Delay(TimeSpan.FromMilliseconds(serviceMs), TimeProvider.System);
                    if (next > 0) status = await AskAsync(onward ??= await ConnectAsync(next), head, buffer);
                }
                finally
                {
                    turns.Release();
                }
                await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} S\r\nContent-Length: 2\r\n\r\nok"));
            }
        }
        catch (SocketException)
        {
            // The other side has left.
        }
        finally
        {
            socket.Dispose();
            onward?.Dispose();
        }
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private static async Task<int> AskAsync(Socket socket, string head, byte[] buffer)
    {
        var level = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("X-Mainstay-Level:", StringComparison.OrdinalIgnoreCase));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /next HTTP/1.1\r\nHost: next\r\n{(level is null ? "" : level + "\r\n")}\r\n"));
        return await ReadAsync(socket, buffer) is { } answer ? Number(answer[9..12]) : 502;
    }

    /// <summary>A head, after its body was taken; null at the end.</summary>
    private static async Task<string?> ReadAsync(Socket socket, byte[] buffer)
    {
        var length = 0;
        int end;
        while ((end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (received == 0) return null;
            length += received;
        }
        var head = Encoding.ASCII.GetString(buffer, 0, end);
        var declared = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        var left = (declared is null ? 0 : long.Parse(declared.AsSpan(15), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture)) - (length - end - 4);
        while (left > 0)
        {
            var received = await socket.ReceiveAsync(buffer);
            if (received == 0) return null;
            left -= received;
        }
        return head;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
