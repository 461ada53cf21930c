using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.Bench.Hold;

/// <summary>
/// An open load: requests begin at random times (Poisson) at a rate, whether those before were answered or not, each on a kept connection that is free or on a new one. Writes a line for each as it ends: when it began in
/// microseconds, its status (0 for a broken connection), and how long it took in microseconds, as h2load does.
/// </summary>
internal sealed class Offer(int port, string path, StreamWriter log)
{
    private readonly Stack<Socket> free = new();
    private readonly byte[] request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: offer\r\n\r\n");
    private readonly Lock gate = new();

    public static async Task<int> RunAsync(string port, string path, string rate, string seconds, string file)
    {
        await using var log = new StreamWriter(file);
        var offer = new Offer(Number(port), path, log);
        var under = new List<Task>();
        var (random, perSecond, end) = (new Random(7), Number(rate), Number(seconds) * (double)Stopwatch.Frequency);
        var (began, next) = (Stopwatch.GetTimestamp(), 0.0);
        while (next < end)
        {
            next -= Math.Log(1 - random.NextDouble()) / perSecond * Stopwatch.Frequency;
            var early = next - (Stopwatch.GetTimestamp() - began);
            // Timers are exact to a millisecond: what is due within one is sent with it.
            if (early > Stopwatch.Frequency / 1000.0) await Task.Delay(TimeSpan.FromSeconds(early / Stopwatch.Frequency), TimeProvider.System);
            under.Add(offer.AskAsync());
        }
        await Task.WhenAll(under);
        return 0;
    }

    private async Task AskAsync()
    {
        var began = Stopwatch.GetTimestamp();
        var status = 0;
        Socket? socket;
        lock (gate) free.TryPop(out socket);
        try
        {
            if (socket is null)
            {
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            }
            await socket.SendAsync(request);
            status = await ReadAsync(socket);
        }
        catch (SocketException)
        {
            // Told by the status.
        }
        var now = Stopwatch.GetTimestamp();
        lock (gate)
        {
            if (status > 0) free.Push(socket!);
            log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Micros(began)}\t{status}\t{Micros(now - began)}"));
        }
        if (status == 0) socket?.Dispose();
    }

    private static async Task<int> ReadAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (received == 0) return 0;
            length += received;
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var at = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            if (end >= 0 && at >= 0 && length >= end + 4 + Number(text[(at + 16)..text.IndexOf('\r', at)])) return Number(text[9..12]);
        }
    }

    private static long Micros(long ticks) => ticks * 1_000_000 / Stopwatch.Frequency;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
