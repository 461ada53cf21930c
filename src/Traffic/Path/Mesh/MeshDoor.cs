using System.Collections.Frozen;
using System.Net;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path.Mesh;

/// <summary>
/// Takes in what gateways of other hosts send to this host's instances. A connection is for the one instance that its handshake names (SNI) and carries bytes, whatever they mean: the gateway it comes from
/// has decided everything about the requests, and counts them. In order:
/// <list type="number">
/// <item>The other side is a host that has joined and was not removed, with a key that is its own.</item>
/// <item>The instance runs here: it is in the table, or was a moment ago, or will be in a moment.</item>
/// <item>It can be connected to. The other side is told so by one byte, so that for its requests a dead instance is one that could not be connected to.</item>
/// </list>
/// </summary>
internal sealed class MeshDoor(Gateway gateway, MeshTerms terms)
{
    /// <summary>Tells the other side that the instance is connected.</summary>
    public const byte Connected = 1;

    /// <summary>So long an instance that left the table is still connected to: other gateways' tables may be older.</summary>
    private const long LingerMs = 30_000;

    /// <summary>So often, and every so many milliseconds, an instance is looked for that is not in the table yet: other gateways' tables may be newer.</summary>
    private const int Looks = 10;
    private const long LookEveryMs = 50;

    /// <summary>So long a certificate is good after its end, for connections that were made before.</summary>
    private const long PastEndMs = 60_000;

    private readonly Lock gate = new();
    private readonly HashSet<MeshTunnel> open = [];
    private readonly Dictionary<string, (IPEndPoint At, long GoneMs)> left = [];
    private FrozenDictionary<string, IPEndPoint> here = FrozenDictionary<string, IPEndPoint>.Empty;
    private volatile FrozenDictionary<string, IReadOnlyList<string>> peers = FrozenDictionary<string, IReadOnlyList<string>>.Empty;
    private long refused;
    private long refusedTold;
    private long cut;

    public MeshTerms Terms { get; } = terms;

    /// <summary>Connections that are open.</summary>
    public int Open
    {
        get { lock (gate) return open.Count; }
    }

    /// <summary>Connections that were turned away: not of a host that has joined, or for an instance that is not here.</summary>
    public long Refused => Volatile.Read(ref refused);

    /// <summary>Takes in what a table says; cuts what comes from hosts that it does not know any more.</summary>
    public void Learn(TableModel table)
    {
        var now = gateway.Clock.CoarseMs;
        var next = table.Clusters.SelectMany(cluster => cluster.Endpoints).Where(one => one.Via?.Host == Terms.Host && IPAddress.TryParse(one.Host, out _) && one.Port is > 0 and <= 65535)
            .DistinctBy(one => one.Instance).ToFrozenDictionary(one => one.Instance, one => new IPEndPoint(IPAddress.Parse(one.Host), one.Port));
        lock (gate)
        {
            foreach (var (name, at) in here)
            {
                if (!next.ContainsKey(name)) left[name] = (at, now);
            }
            foreach (var name in next.Keys) left.Remove(name);
            here = next;
            peers = table.Nodes.DistinctBy(node => node.Host).ToFrozenDictionary(node => node.Host, node => node.Keys);
        }
        foreach (var tunnel in All())
        {
            if (!IsKnown(tunnel.Peer, tunnel.Key)) Cut(tunnel);
        }
    }

    /// <summary>Serves one connection until it ends. Never throws.</summary>
    public async Task ServeAsync(Listener listener, Wire wire, bool isOver)
    {
        gateway.Hold();
        MeshTunnel? tunnel = null;
        try
        {
            if (isOver || TunnelOf(wire) is not { } made)
            {
                Interlocked.Increment(ref refused);
                return;
            }
            tunnel = made;
            lock (gate) open.Add(tunnel);
            if (!await tunnel.RunAsync(this)) Interlocked.Increment(ref refused);
        }
        catch (Exception error)
        {
            gateway.Note(error);
        }
        finally
        {
            if (tunnel is not null)
            {
                lock (gate) open.Remove(tunnel);
            }
            wire.Close();
            listener.Leave();
            gateway.Release();
        }
    }

    /// <summary>A connection to an instance of this host; null where it is not here, or nobody answers.</summary>
    public async Task<Wire?> ReachAsync(string instance, int lane)
    {
        for (var look = 0; look < Looks; look++)
        {
            if (Find(instance) is { } at)
            {
                var attempt = new ConnectAttempt(lane);
                using var limit = new CancellationTokenSource(gateway.Limits.Connect, gateway.Time);
                await using var end = limit.Token.UnsafeRegister(static of => ((ConnectAttempt)of!).GiveUp(), attempt);
                return await gateway.Transport.ConnectAsync(at, attempt);
            }
            await gateway.Naps.ForAsync(LookEveryMs);
        }
        return null;
    }

    /// <summary>The heartbeat's part, once a second: forgets who left, ends what is over.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="endIdle">Whether what is idle is to go: the gateway drains.</param>
    public void Tick(long nowMs, bool endIdle)
    {
        lock (gate)
        {
            if (left.Count > 0)
            {
                foreach (var name in left.Where(one => nowMs - one.Value.GoneMs > LingerMs).Select(one => one.Key).ToArray()) left.Remove(name);
            }
            if (open.Count == 0) return;
        }
        var utc = gateway.Time.GetUtcNow();
        foreach (var tunnel in All())
        {
            if (utc > tunnel.Until.AddMilliseconds(PastEndMs)) Cut(tunnel);
            else if (endIdle && tunnel.IsQuiet(nowMs, (long)gateway.Limits.DrainIdle.TotalMilliseconds)) tunnel.End();
            else if (nowMs - tunnel.MovedMs > gateway.Limits.StreamIdle.TotalMilliseconds) tunnel.End();
        }
    }

    /// <summary>Breaks off everything.</summary>
    public void CloseAll()
    {
        foreach (var tunnel in All()) tunnel.Break();
    }

    public PolicyReport Report()
    {
        var now = Refused;
        var isNew = now > refusedTold;
        var why = isNew ? $"{now - refusedTold} connections were turned away within a second: not of a host that has joined, or for an instance that is not here" : "";
        refusedTold = now;
        return new PolicyReport("gateway/gateway", MeshTerms.Listener, "mesh", isNew ? "refusing" : "ready", why, new Dictionary<string, double>
        {
            ["open"] = Open, ["refused"] = now, ["cut"] = Volatile.Read(ref cut), ["hosts"] = peers.Count,
        });
    }

    public Gateway Gateway => gateway;

    private MeshTunnel? TunnelOf(Wire wire)
    {
        const string subject = "CN=" + HostIdentity.SubjectPrefix;
        // A client that names no protocol is not asked for one by the handshake.
        return wire.Facts is { Application: HostIdentity.MeshProtocol, ServerName.Length: > 0, PeerKey: { } key, ClientSubject: { } who } facts
            && who.StartsWith(subject, StringComparison.Ordinal) && IsKnown(who[subject.Length..], key)
            ? new MeshTunnel(wire, who[subject.Length..], key, facts.PeerUntil, facts.ServerName)
            : null;
    }

    // A copy: what is closed may leave at once.
    private MeshTunnel[] All()
    {
        lock (gate) return [.. open];
    }

    private bool IsKnown(string host, string key) => peers.TryGetValue(host, out var keys) && keys.Contains(key);

    private IPEndPoint? Find(string instance)
    {
        lock (gate) return here.GetValueOrDefault(instance) ?? (left.TryGetValue(instance, out var gone) ? gone.At : null);
    }

    private void Cut(MeshTunnel tunnel)
    {
        Interlocked.Increment(ref cut);
        tunnel.Break();
    }
}
