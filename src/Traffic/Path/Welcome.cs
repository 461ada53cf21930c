using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>
/// What comes before the first request where a listener asks for it: the PROXY protocol's header, the TLS handshake. Bounded in time and in number; while it lasts the
/// connection counts as open.
/// </summary>
internal static class Welcome
{
    /// <summary>Leads a new connection to where its requests are read. Never throws.</summary>
    public static async Task RunAsync(Gateway gateway, Listener listener, Wire wire, bool isOver)
    {
        gateway.Hold();
        try
        {
            var ready = await PrepareAsync(gateway, listener, wire);
            if (ready is null) listener.Leave();
            else listener.Start(ready, isOver);
        }
        catch (Exception error)
        {
            gateway.Note(error);
            wire.Close();
            listener.Leave();
        }
        finally
        {
            gateway.Release();
        }
    }

    private static async Task<Wire?> PrepareAsync(Gateway gateway, Listener listener, Wire wire)
    {
        var table = listener.Table;
        using var limit = new CancellationTokenSource(table.Tls?.Time ?? gateway.Limits.Handshake, gateway.Time);
        await using var end = limit.Token.UnsafeRegister(static of => ((Wire)of!).Close(reset: true), wire);
        if (table.Proxy is { } proxy)
        {
            if (await proxy.TakeAsync(wire) is not { } client) return null;
            wire = client;
        }
        return table.Tls is { } tls ? await tls.AcceptAsync(wire, limit.Token) : wire;
    }
}
