using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Finds out which address a request comes from, when the peer is a trusted proxy (<see cref="ForwardedChain"/>).</summary>
internal static class ClientOrigin
{
    private const int MostLines = 8;

    /// <summary>The client's address. X-Forwarded-For is asked first, and Forwarded only where there is none: a proxy that writes one passes the other through.</summary>
    public static UInt128 Of(Exchange x)
    {
        var connection = x.Connection;
        return connection.IsTrusted && x.Request.Length > 0
            ? Of(x.Request, x.HeadBytes, connection.PeerAddress, connection.Gateway.Trusted)
            : connection.PeerAddress;
    }

    /// <summary>The client's address where the peer is trusted.</summary>
    internal static UInt128 Of(RequestHead request, ReadOnlySpan<byte> head, UInt128 peer, IpRanges trusted)
    {
        Span<Piece> lines = stackalloc Piece[MostLines];
        var chain = new ForwardedChain(peer, trusted);
        var count = Collect(request, head, "x-forwarded-for"u8, lines);
        if (count != 0)
        {
            for (var index = count - 1; index >= 0; index--) chain.TakeForwardedFor(lines[index].Of(head));
            return chain.Client;
        }
        count = Collect(request, head, "forwarded"u8, lines);
        for (var index = count - 1; index >= 0; index--) chain.TakeForwarded(lines[index].Of(head));
        return chain.Client;
    }

    /// <summary>The last lines of a name: only they can have been written by proxies of ours.</summary>
    private static int Collect(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> name, Span<Piece> lines)
    {
        var (count, at) = (0, 0);
        while (request.Next(head, ref at, name, out var value))
        {
            if (count == lines.Length)
            {
                lines[1..].CopyTo(lines);
                count--;
            }
            lines[count++] = value;
        }
        return count;
    }
}
