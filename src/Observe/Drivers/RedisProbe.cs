using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Mainstay.Observe.Collect.Probes;

namespace Mainstay.Observe.Drivers;

/// <summary>Asks Redis by INFO, over its own protocol (RESP 2), on one connection that is kept. No library for it restores here; of the protocol only this much is needed.</summary>
sealed class RedisProbe(ProbeTarget target) : IProbe
{
    /// <summary>The largest answer, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    readonly byte[] buffer = new byte[16 << 10];
    Socket? socket;
    int start;
    int used;

    public async Task<string?> AskAsync(ProbeSamples into, CancellationToken stop)
    {
        try
        {
            if (socket is null && await OpenAsync(stop) is { } closed)
            {
                Dispose();
                return closed;
            }

            var (body, wrong) = await CallAsync(stop, "INFO");
            if (wrong is not null)
            {
                Dispose();
                return wrong.StartsWith("NOAUTH", StringComparison.Ordinal) ? "it wants a password: give 'password', and 'user' where there is one" : wrong;
            }

            return RedisInfo.Read(body, into);
        }
        catch
        {
            // What was half read belongs to nobody; the next probe begins anew.
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        socket?.Dispose();
        (socket, start, used) = (null, 0, 0);
    }

    async Task<string?> OpenAsync(CancellationToken stop)
    {
        socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(target.Url.Host, target.Url.Port, stop);
        var (password, why) = ProbeSecret.Read(target.Password);
        if (why is not null || password is null)
        {
            return why;
        }

        var (_, wrong) = target.User is { } user ? await CallAsync(stop, "AUTH", user, password) : await CallAsync(stop, "AUTH", password);
        return wrong is null ? null : $"it refuses the password: {wrong}";
    }

    // An array of bulk strings out; a simple string, an error or a bulk string in.
    async Task<(byte[] Body, string? Error)> CallAsync(CancellationToken stop, params string[] words)
    {
        var request = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (var word in words)
        {
            request.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n").Append(word).Append("\r\n");
        }

        await socket!.SendAsync(Encoding.UTF8.GetBytes(request.ToString()), stop);
        var line = await LineAsync(stop);
        switch (line.Length == 0 ? '\0' : line[0])
        {
            case '+':
                return ([], null);
            case '-':
                return ([], line[1..]);
            case '$' when int.TryParse(line.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= MostBytes:
                return (await BodyAsync(size, stop), null);
            default:
                throw new IOException("the answer is not Redis' protocol");
        }
    }

    async Task<string> LineAsync(CancellationToken stop)
    {
        while (true)
        {
            var end = buffer.AsSpan(start, used - start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.UTF8.GetString(buffer, start, end);
                start += end + 2;
                return line;
            }

            await FillAsync(stop);
        }
    }

    async Task<byte[]> BodyAsync(int size, CancellationToken stop)
    {
        var body = new byte[size + 2];
        var have = 0;
        while (have < body.Length)
        {
            if (start == used)
            {
                await FillAsync(stop);
            }

            var count = Math.Min(used - start, body.Length - have);
            buffer.AsSpan(start, count).CopyTo(body.AsSpan(have));
            start += count;
            have += count;
        }

        return body[..size];
    }

    async Task FillAsync(CancellationToken stop)
    {
        buffer.AsSpan(start, used - start).CopyTo(buffer);
        (used, start) = (used - start, 0);
        var count = used == buffer.Length ? 0 : await socket!.ReceiveAsync(buffer.AsMemory(used), stop);
        used += count > 0 ? count : throw new IOException("it closed the connection");
    }
}
