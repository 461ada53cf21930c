using System.Net;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Http2;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The data plane: listeners, connections and the one table they read. Nothing in it waits for the control plane.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Listener> listeners = [];
    private readonly Dictionary<string, FailedListener> failed = [];
    private readonly ConnectionSet connections = new();
    private readonly SeriesBook book = new();
    private readonly PolicyBook policies;
    private readonly TlsBook tls = new();
    private readonly TableCompiler compiler;
    private readonly Heartbeat heartbeat;
    private volatile IpRanges trusted;
    private RouteTable table = RouteTable.Empty;
    private TableModel model = TableModel.Empty;
    private ulong seed;
    private long drainingSinceMs = long.MaxValue;
    private long beats;
    private long faults;
    private long turnedAway;
    private Requests.LedgerDoor? requests;

    /// <summary>A gateway without listeners; <see cref="Apply"/> gives it a table.</summary>
    /// <param name="transport">How it reaches the network.</param>
    /// <param name="limits">Every bound; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="seed">Where ids and random choices start from.</param>
    /// <param name="zone">Where it stands; null where that is not known.</param>
    /// <param name="mesh">What it is among gateways of other hosts; null where there are none.</param>
    public Gateway(ITransport transport, PathLimits? limits = null, TimeProvider? time = null, ulong seed = 1, string? zone = null, Mesh.MeshTerms? mesh = null)
    {
        Zone = zone;
        Mesh = mesh is null ? null : new Mesh.MeshDoor(this, mesh);
        Transport = transport;
        Limits = limits ?? new PathLimits();
        Time = time ?? TimeProvider.System;
        this.seed = seed;
        Clock = new Clock(Time);
        trusted = new IpRanges(Limits.TrustedProxies);
        Notices = new NoticeBoard(Time);
        policies = new PolicyBook { Gateway = this };
        compiler = new TableCompiler(Limits, book, policies, transport.Lanes);
        Naps = new Naps(Time);
        heartbeat = new Heartbeat(Time, Tick);
    }

    internal PathLimits Limits { get; }

    internal string? Zone { get; }

    /// <summary>Takes in what gateways of other hosts send; null where there are none.</summary>
    internal Mesh.MeshDoor? Mesh { get; }

    internal Clock Clock { get; }

    internal ITransport Transport { get; }

    internal Http2Front Http2 { get; } = new();

    internal NoticeBoard Notices { get; }

    internal Naps Naps { get; }

    internal TimeProvider Time { get; }
    internal Journal Journal { get; } = new();

    /// <summary>What browsers report, until the server gets it.</summary>
    internal ReportBox Reports { get; } = new();

    /// <summary>Opens the ledger of requests that are done once or later; null where there is none.</summary>
    public Func<Mainstay.Core.Requests.IRequestLedger>? OpenRequests { get; init; }

    /// <summary>The ledger, opened when it is needed.</summary>
    internal Requests.LedgerDoor Requests => LazyInitializer.EnsureInitialized(ref requests, () => new(OpenRequests, Clock));

    /// <summary>What is known of the grants of locks that fence requests.</summary>
    internal FenceBook Fences { get; } = new();

    /// <summary>The live table's revision.</summary>
    public long Revision => Volatile.Read(ref table).Revision;

    /// <summary>True once a drain has begun.</summary>
    public bool IsDraining => Volatile.Read(ref drainingSinceMs) != long.MaxValue;

    /// <summary>Open client connections.</summary>
    public int Connections => connections.Count;

    /// <summary>Connections that ended by an exception: each is a fault in the gateway itself.</summary>
    public long Faults => Volatile.Read(ref faults);

    /// <summary>Connections that came from where a listener takes none from.</summary>
    public long TurnedAway => Volatile.Read(ref turnedAway);

    /// <summary>The network of this host's containers, for the next <see cref="Apply"/>; null where there is none.</summary>
    public ContainerBridge? Bridge { get; set; }

    /// <summary>The last such exception.</summary>
    public Exception? LastFault { get; private set; }

    /// <summary>Makes a table live: opens what is new, swaps, then closes what is gone. What could not be opened is retried with <see cref="Retry"/>.</summary>
    public Applied Apply(TableModel next)
    {
        lock (gate)
        {
            if (!(next.TrustedProxies ?? []).SequenceEqual(model.TrustedProxies ?? [])) trusted = new IpRanges([.. Limits.TrustedProxies, .. next.TrustedProxies ?? []]);
            Mesh?.Learn(next);
            model = next = Path.Mesh.BridgeDoors.AddTo(Mesh?.Terms.AddTo(next) ?? next, Bridge);
            Fences.Learn(next.Fences);
            var compiled = compiler.Compile(next, out var gone);
            tls.Assign(compiled.Listeners.Values);
            var fresh = Open(compiled);
            foreach (var (name, listener) in listeners)
            {
                if (compiled.Listeners.TryGetValue(name, out var part)) listener.Table = part;
            }
            Volatile.Write(ref table, compiled);
            foreach (var listener in fresh) listener.Open();
            foreach (var name in listeners.Keys.Except(compiled.Listeners.Keys).ToList())
            {
                listeners.Remove(name, out var listener);
                listener!.Close(forget: true);
            }
            foreach (var endpoint in gone) endpoint.Retire();
            policies.EndDropped();
            return Standing();
        }
    }

    /// <summary>Tries again to open what could not be opened. True if that changed anything.</summary>
    public bool Retry()
    {
        lock (gate)
        {
            if (failed.Count == 0 || IsDraining) return false;
            var before = failed.Count;
            var fresh = Open(table);
            foreach (var listener in fresh)
            {
                listener.Table = table.Listeners[listener.Model.Name];
                listener.Open();
            }
            return failed.Count != before;
        }
    }

    /// <summary>Where a listener listens, or null: for a port that was asked for as 0.</summary>
    public IPEndPoint? AddressOf(string listener) => Find(listener)?.Door.At;

    /// <summary>How the gateway stands, with what it saw since the last call. One caller at a time.</summary>
    public RecordBatch TakeRecords(string id, long sequence, long dropped)
    {
        lock (gate)
        {
            var standing = Standing();
            var endpoints = compiler.Endpoints;
            var inFlight = endpoints.Where(endpoint => endpoint.InFlight > 0)
                .GroupBy(endpoint => endpoint.Instance)
                .ToDictionary(group => group.Key, group => group.Sum(endpoint => endpoint.InFlight));
            var ejected = endpoints.Where(endpoint => endpoint.IsEjected(Clock.CoarseMs)).Select(endpoint => endpoint.Instance);
            return new RecordBatch(
                id, sequence, standing.Revision, standing.BoundListeners, standing.FailedListeners, standing.Problems,
                book.Take(), inFlight, [.. ejected.Distinct()], Connections, dropped)
            {
                Policies = [.. policies.Reports(Clock.CoarseMs), .. tls.Reports(Time.GetUtcNow(), Notices), .. Mesh is null ? Array.Empty<PolicyReport>() : [Mesh.Report()], .. Bridge is null ? Array.Empty<PolicyReport>() : [Path.Mesh.BridgeDoors.Report(this)]],
                Notices = Notices.Take(),
                Reports = Reports.Take(),
                DroppedReports = Reports.TakeDropped(),
            };
        }
    }

    /// <summary>Answers what the server asks. Not on the path.</summary>
    public QuestionAnswer Answer(string id, Question question)
    {
        if (question.RequestId is { } request) return new QuestionAnswer(question.Id, id, Past: Journal.Find(request));
        Listener? listener;
        lock (gate)
        {
            listener = question.Need is { } need
                ? listeners.GetValueOrDefault(need)
                : listeners.Values.OrderBy(one => one.Model.Name, StringComparer.Ordinal).FirstOrDefault(one => one is { IsMesh: false, IsIngress: false });
        }
        if (listener is null)
        {
            var missing = new ExplainedStep("listener", "refuse", question.Need is null ? "no front door is open" : $"no listener '{question.Need}' is open");
            return new QuestionAnswer(question.Id, id, Explanation: new Explanation(Revision, "", null, null, 0, "none", [missing]));
        }
        return new QuestionAnswer(question.Id, id, Explanation: Explainer.Explain(this, listener, question));
    }

    /// <summary>
    /// Stops accepting, answers what is under way and what still arrives on open connections with <c>Connection: close</c>, closes idle ones
    /// after <see cref="PathLimits.DrainIdle"/>, and returns when none is left.
    /// </summary>
    /// <param name="bound">After this time the rest is cut. The result is then false.</param>
    /// <param name="forget">True when nobody takes the listening sockets over.</param>
    public async Task<bool> DrainAsync(TimeSpan bound, bool forget = false)
    {
        lock (gate)
        {
            Volatile.Write(ref drainingSinceMs, Clock.CoarseMs);
            foreach (var listener in listeners.Values) listener.Close(forget);
            listeners.Clear();
        }
        Http2.Retire();
        var empty = connections.WhenEmpty();
        try
        {
            await empty.WaitAsync(bound, Time);
            return true;
        }
        catch (TimeoutException)
        {
            connections.CloseAll();
            Mesh?.CloseAll();
            return false;
        }
    }

    /// <summary>Closes everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await DrainAsync(TimeSpan.Zero);
        if (requests is { } opened) await opened.DisposeAsync();
        heartbeat.Dispose();
        Naps.Dispose();
        lock (gate)
        {
            foreach (var endpoint in compiler.Endpoints) endpoint.Retire();
        }
    }

    internal Listener? Find(string listener)
    {
        lock (gate) return listeners.GetValueOrDefault(listener);
    }

    internal ulong NextSeed() => Interlocked.Add(ref seed, 0xA0761D6478BD642F);

    /// <summary>The proxies whose word about a client counts: another object whenever they change.</summary>
    internal IpRanges Trusted => trusted;

    internal void Remember(ClientConnection connection) => connections.Add(connection);

    /// <summary>Counts a connection that is not yet, or not only, one of HTTP/1.1: a drain waits for it.</summary>
    internal void Hold() => connections.Hold();

    internal void Release() => connections.Release();

    internal void Forget(ClientConnection connection)
    {
        connections.Remove(connection);
        if (connection.Wire is StreamWire stream) stream.Gone();
        else connection.Listener.Leave();
    }

    /// <summary>The same for a connection of our own, which no listener counts.</summary>
    internal void ForgetOwn(ClientConnection connection) => connections.Remove(connection);

    internal void TurnAway() => Interlocked.Increment(ref turnedAway);

    internal void Note(Exception error)
    {
        Interlocked.Increment(ref faults);
        LastFault = error;
    }

    internal void Tick()
    {
        Clock.Refresh();
        var now = Clock.CoarseMs;
        var isSecond = ++beats % (1000 / Heartbeat.IntervalMs) == 0;
        var endIdle = IsDraining && now - Volatile.Read(ref drainingSinceMs) >= Limits.DrainIdle.TotalMilliseconds;
        connections.Tick(now, askPeer: isSecond, endIdle);
        if (isSecond)
        {
            tls.RefreshSoon();
            Mesh?.Tick(now, endIdle);
        }
        lock (gate)
        {
            foreach (var policy in policies.Beating) policy.Beat(now);
            if (!isSecond) return;
            foreach (var endpoint in compiler.Endpoints) endpoint.Sweep(now);
        }
    }

    /// <summary>Opens what the table has and is not open. A listener whose address changed is replaced.</summary>
    private List<Listener> Open(RouteTable compiled)
    {
        var fresh = new List<Listener>();
        failed.Clear();
        if (IsDraining) return fresh;
        foreach (var (name, part) in compiled.Listeners)
        {
            if (listeners.TryGetValue(name, out var open))
            {
                if (IsSameDoor(open.Model, part.Model)) continue;
                listeners.Remove(name);
                open.Close(forget: true);
            }
            var opened = IPAddress.TryParse(part.Model.Address, out var address) && part.Model.Port is >= 0 and <= 65535
                ? Transport.Listen(new IPEndPoint(address, part.Model.Port), isComing: part.Model.Sources is not null)
                : new Opened(null, $"'{part.Model.Address}:{part.Model.Port}' is not an IP address with a port");
            if (opened.Door is { } door)
            {
                var listener = new Listener(this, part.Model, door) { Table = part };
                listeners[name] = listener;
                fresh.Add(listener);
            }
            else
            {
                failed[name] = new FailedListener(name, part.Model.Port, opened.Error!);
            }
        }
        return fresh;
    }

    private static bool IsSameDoor(ListenerModel one, ListenerModel other) =>
        one.Address == other.Address && one.Port == other.Port && one.Kind == other.Kind && (one.Sources ?? []).SequenceEqual(other.Sources ?? []);

    private Applied Standing() => new(table.Revision, [.. listeners.Keys.Order()], [.. failed.Values], [.. table.Problems, .. tls.Problems, .. policies.Problems]);
}

/// <summary>How a gateway stands after a table was applied.</summary>
public sealed record Applied(
    long Revision,
    IReadOnlyList<string> BoundListeners,
    IReadOnlyList<FailedListener> FailedListeners,
    IReadOnlyList<string> Problems);
