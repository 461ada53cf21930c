using System.Collections.Concurrent;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>HTTP/2 from clients: the connections that speak it.</summary>
internal sealed class Http2Front
{
    private readonly ConcurrentDictionary<Http2Connection, bool> open = [];

    /// <summary>RFC 9113 §3.4: whether a connection begins as HTTP/2 with prior knowledge does.</summary>
    public static bool IsPreface(ReadOnlySpan<byte> received) => received.StartsWith("PRI * HTTP/2.0\r\n"u8);

    /// <summary>Serves a connection until it is over. True when what the client still sends is best thrown away before it is closed.</summary>
    public async Task<bool> ServeAsync(ClientConnection carrier, Wire wire)
    {
        var connection = new Http2Connection(carrier.Gateway, carrier.Listener, wire);
        open[connection] = true;
        carrier.Streams = connection;
        if (carrier.Gateway.IsDraining) connection.Retire();
        var lingers = await connection.RunAsync();
        carrier.Streams = null;
        open.TryRemove(connection, out _);
        return lingers;
    }

    /// <summary>Says GOAWAY on every connection.</summary>
    public void Retire()
    {
        foreach (var connection in open.Keys) connection.Retire();
    }
}
