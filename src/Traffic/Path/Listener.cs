using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Http2;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The first station: accepts connections, up to its limit, and starts each on its way.</summary>
internal sealed class Listener(Gateway gateway, ListenerModel model, IDoor door)
{
    private readonly IpRanges? sources = model.Sources is { } ranges ? new IpRanges(ranges) : null;
    private volatile ListenerTable? table;
    private int connections;
    private volatile bool closed;

    public ListenerModel Model { get; } = model;

    public IDoor Door { get; } = door;

    public bool IsMesh => Model.Kind == ListenerKind.Mesh;

    /// <summary>Gateways of other hosts come in here: no request is read.</summary>
    public bool IsIngress => Model.Kind == ListenerKind.Ingress;

    /// <summary>What the requests of this listener are matched against. A request reads it once.</summary>
    public ListenerTable Table
    {
        get => table!;
        set => table = value;
    }

    /// <summary>Begins to accept on every lane.</summary>
    public void Open()
    {
        for (var lane = 0; lane < Door.Lanes; lane++) _ = AcceptAsync(lane);
    }

    /// <summary>Has a connection's requests read.</summary>
    public void Start(Wire wire, bool isOver)
    {
        if (IsIngress)
        {
            _ = gateway.Mesh!.ServeAsync(this, wire, isOver);
            return;
        }
        var connection = new ClientConnection(gateway, this, wire, gateway.NextSeed());
        gateway.Remember(connection);
        // Not awaited: it runs until its first wait here, then on its own, and ends by itself.
        _ = connection.RunAsync(isOver ? Reason.TooManyConnections : Reason.None);
    }

    /// <summary>Has the streams of a wire read, one after the other.</summary>
    public void StartStream(StreamWire wire)
    {
        var connection = new ClientConnection(gateway, this, wire, gateway.NextSeed());
        gateway.Remember(connection);
        wire.LeaveBy(connection.Waits.ClientLeft);
        _ = connection.RunAsync();
    }

    /// <summary>Counts a stream under way like a connection. False when there are too many.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref connections) <= gateway.Limits.ConnectionsPerListener) return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref connections);

    /// <summary>Stops accepting; open connections go on.</summary>
    public void Close(bool forget)
    {
        closed = true;
        Door.Close(forget);
    }

    private async Task AcceptAsync(int lane)
    {
        while (await Door.AcceptAsync(lane) is { } wire)
        {
            if (closed && gateway.IsDraining is false)
            {
                wire.Close();
                continue;
            }
            if (sources is not null && !(wire.Peer is { } peer && sources.Contains(IpText.Of(peer.Address))))
            {
                gateway.TurnAway();
                wire.Close(reset: true);
                continue;
            }
            var isOver = Interlocked.Increment(ref connections) > gateway.Limits.ConnectionsPerListener;
            if (Table is { Tls: null, Proxy: null }) Start(wire, isOver);
            else _ = Welcome.RunAsync(gateway, this, wire, isOver);
        }
    }
}
