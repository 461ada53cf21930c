using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.Tests.Traffic;

/// <summary>One end of a TCP connection, in text (Latin-1, so that every byte is a character).</summary>
public sealed class RawPeer(Socket socket) : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    readonly byte[] buffer = new byte[64 * 1024];
    string pending = "";

    public Socket Socket { get; } = socket;

    public static async Task<RawPeer> ConnectAsync(IPEndPoint at)
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(at);
        return new RawPeer(socket);
    }

    public async Task SendAsync(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var sent = 0; sent < bytes.Length;) sent += await Socket.SendAsync(bytes.AsMemory(sent));
    }

    /// <summary>A head with its empty line; null at the end of the stream.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        var text = await ReadUntilAsync(seen => seen.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var at ? at + 4 : -1);
        return text.Length == 0 ? null : text;
    }

    public Task<string> ReadAsync(int bytes) => ReadUntilAsync(seen => seen.Length >= bytes ? bytes : -1);

    public Task<string> ReadUntilAsync(string mark) =>
        ReadUntilAsync(seen => seen.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var at ? at + mark.Length : -1);

    /// <summary>All until the other side ends the stream.</summary>
    public Task<string> ReadToEndAsync() => ReadUntilAsync(_ => -1);

    /// <summary>A whole response with a Content-Length, or without a body.</summary>
    public async Task<string> ReadResponseAsync()
    {
        var head = await ReadHeadAsync() ?? throw new IOException("The stream ended where a response was expected.");
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? head : head + await ReadAsync(int.Parse(head[(at + 16)..head.IndexOf('\r', at)]));
    }

    /// <summary>True when the other side ended or broke the connection and nothing is left to read.</summary>
    public async Task<bool> IsEndedAsync()
    {
        try
        {
            return (await ReadUntilAsync(seen => seen.Length > 0 ? 1 : -1)).Length == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void Dispose() => Socket.Dispose();

    async Task<string> ReadUntilAsync(Func<string, int> find)
    {
        while (true)
        {
            var end = find(pending);
            if (end < 0)
            {
                var received = await Socket.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Patience, TimeProvider.System);
                if (received > 0)
                {
                    pending += Encoding.Latin1.GetString(buffer, 0, received);
                    continue;
                }
                end = pending.Length;
            }
            var found = pending[..end];
            pending = pending[end..];
            return found;
        }
    }
}
