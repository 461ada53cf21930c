using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.EndToEnd.Harness;

/// <summary>
/// One keep-alive connection of a load, on a bare socket: a client library would send some requests a second time unseen. A connection that the other side has
/// closed between two requests is replaced before sending, as every client does; nothing was sent on it.
/// </summary>
sealed class LoadConnection(Uri server) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly byte[] buffer = new byte[64 * 1024];
    Socket? socket;

    /// <summary>Sends one request and reads its whole answer. Never throws for what the other side does.</summary>
    public async Task<(int Status, string Body, string? Error)> SendAsync(LoadRequest request)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            if (socket is null || IsClosedByPeer(socket))
            {
                Close();
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(server.Host, server.Port, limit.Token);
            }

            await SendAllAsync(Encode(request), limit.Token);
            var (status, body, keep) = await ReadAsync(limit.Token);
            if (!keep)
            {
                Close();
            }

            return (status, body, null);
        }
        catch (Exception failed) when (failed is SocketException or IOException or OperationCanceledException or FormatException)
        {
            Close();
            return (0, "", failed is OperationCanceledException ? $"no answer within {Patience.TotalSeconds} s" : failed.Message);
        }
    }

    public void Dispose() => Close();

    // Readable with nothing to read: the peer has closed it.
    static bool IsClosedByPeer(Socket open) => open.Poll(0, SelectMode.SelectRead) && open.Available == 0;

    byte[] Encode(LoadRequest request)
    {
        var head = $"{request.Method} {request.Path} HTTP/1.1\r\nHost: {server.Authority}\r\n";
        head += request.BodyBytes is { } length ? $"Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n" : "\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. Enumerable.Repeat((byte)'x', request.BodyBytes ?? 0)];
    }

    async Task SendAllAsync(byte[] bytes, CancellationToken stop)
    {
        for (var done = 0; done < bytes.Length;)
        {
            done += await socket!.SendAsync(bytes.AsMemory(done), stop);
        }
    }

    // Content-Length only: the echo service always gives one, and the gateway passes it on.
    async Task<(int Status, string Body, bool Keep)> ReadAsync(CancellationToken stop)
    {
        var filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            filled += await MoreAsync(filled, stop);
        }

        var lines = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
        var fields = lines[1..].Select(l => l.Split(':', 2)).ToLookup(f => f[0], f => f[^1].Trim(), StringComparer.OrdinalIgnoreCase);
        var length = int.Parse(fields["Content-Length"].FirstOrDefault() ?? throw new IOException($"an answer without length: {lines[0]}"), CultureInfo.InvariantCulture);
        var start = end + 4;
        while (filled < start + length)
        {
            filled += await MoreAsync(filled, stop);
        }

        var status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        return (status, Encoding.UTF8.GetString(buffer, start, length), !fields["Connection"].Contains("close", StringComparer.OrdinalIgnoreCase));
    }

    async Task<int> MoreAsync(int filled, CancellationToken stop)
    {
        var read = await socket!.ReceiveAsync(buffer.AsMemory(filled), stop);
        return read > 0 ? read : throw new IOException(filled == 0 ? "the connection was closed before the answer" : "the connection was closed within the answer");
    }

    void Close()
    {
        socket?.Dispose();
        socket = null;
    }
}
