using System.Text;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>Asks an endpoint once whether it answers, off the path: a connect, or a GET whose status is 2xx or 3xx.</summary>
/// <param name="gateway">Whose transport.</param>
/// <param name="at">The endpoint.</param>
/// <param name="path">What to ask; null where a connect is enough.</param>
/// <param name="lines">Header lines, each with its end.</param>
internal sealed class Ping(Gateway gateway, Endpoint at, string? path, string lines)
{
    private const int StatusLineBytes = 12;
    private readonly ConnectAttempt attempt = new();
    private volatile Wire? wire;
    private volatile bool ended;
    private volatile bool good;

    /// <summary>What came of it; null while it is under way.</summary>
    public bool? Good => ended ? good : null;

    public async Task RunAsync()
    {
        try
        {
            wire = await at.Reach.ConnectAsync(gateway.Transport, attempt);
            good = wire is not null && (path is null || await AskAsync(wire, path));
        }
        catch (Exception error)
        {
            gateway.Note(error);
        }
        finally
        {
            wire?.Close();
            ended = true;
        }
    }

    /// <summary>It took too long. What it waits for ends now.</summary>
    public void GiveUp()
    {
        attempt.GiveUp();
        wire?.Close();
    }

    private async Task<bool> AskAsync(Wire to, string what)
    {
        var request = Encoding.ASCII.GetBytes($"GET {what} HTTP/1.1\r\nHost: {at.Address}\r\nUser-Agent: mainstay-probe\r\n{lines}Connection: close\r\n\r\n");
        if (await to.SendAsync(request) < 0) return false;
        var buffer = new byte[256];
        var length = 0;
        while (length < StatusLineBytes)
        {
            var received = await to.ReceiveAsync(buffer.AsMemory(length));
            if (received <= 0) return false;
            length += received;
        }
        return buffer.AsSpan(0, 7).SequenceEqual("HTTP/1."u8) && buffer[9] is (byte)'2' or (byte)'3';
    }
}
