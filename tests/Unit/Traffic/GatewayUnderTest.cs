using System.Net;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;

namespace Mainstay.Tests.Traffic;

/// <summary>A gateway on free loopback ports with one service <c>s</c>, reached at every path; its clock is the test's if it wants one.</summary>
public sealed class GatewayUnderTest : IAsyncDisposable
{
    readonly List<TrafficRecord> kept = [];
    TableModel last = TableModel.Empty;
    long revision;

    public GatewayUnderTest(IReadOnlyList<EndpointModel> endpoints, PathLimits? limits = null, TimeProvider? time = null, RouteModel? route = null, TlsModel? tls = null,
        TransportKind kind = TransportKind.Default, Func<Mainstay.Core.Requests.IRequestLedger>? requests = null)
    {
        Gateway = new Gateway(OnBothTransports.Of(kind), limits, time) { OpenRequests = requests };
        Route = route ?? Routes.All();
        Tls = tls;
        Apply(endpoints);
    }

    public Gateway Gateway { get; }

    /// <summary>What later tables sign cookies with.</summary>
    public string? StickyKey { get; init; }

    RouteModel Route { get; }

    TlsModel? Tls { get; }

    /// <summary>The listener that speaks TLS, where terms were given.</summary>
    public IPEndPoint Secure => Gateway.AddressOf("secure")!;

    public IPEndPoint At => Gateway.AddressOf("gateway")!;

    public IPEndPoint Mesh => Gateway.AddressOf("mesh")!;

    public Uri Url => new($"http://{At}/");

    public Applied Apply(IReadOnlyList<EndpointModel> endpoints, Mainstay.Core.Kinds.Traffic.TrafficSpec? traffic = null, string? stickyKey = null) => Apply(new TableModel(
        ++revision,
        [
            new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway),
            new ListenerModel("mesh", "127.0.0.1", 0, ListenerKind.Mesh, "web", "s"),
            .. Tls is null ? Array.Empty<ListenerModel>() : [new ListenerModel("secure", "127.0.0.1", 0, ListenerKind.Gateway, Tls: Tls)],
        ],
        [Route],
        [new ClusterModel("s", endpoints, traffic ?? Routes.RoundRobin)])
        { StickyKey = stickyKey ?? StickyKey });

    /// <summary>The last table once more, with this done to it.</summary>
    public Applied Intervene(params Mainstay.Core.Kinds.Traffic.Intervention[] interventions) => Apply(last with { Revision = ++revision, Interventions = interventions });

    /// <summary>The last table, changed.</summary>
    public Applied Change(Func<TableModel, TableModel> change) => Apply(change(last) with { Revision = ++revision });

    /// <summary>The last table once more, with this to be forgotten.</summary>
    public Applied Purge(Mainstay.Core.Kinds.Traffic.CachePurge purge) => Apply(last with { Revision = ++revision, Purges = [purge] });

    Applied Apply(TableModel table) => Gateway.Apply(last = table);

    public Task<RawPeer> ConnectAsync() => RawPeer.ConnectAsync(At);

    /// <summary>One request on a new connection, and the whole response.</summary>
    public async Task<string> AskAsync(string request)
    {
        using var client = await ConnectAsync();
        await client.SendAsync(request);
        return await client.ReadResponseAsync();
    }

    /// <summary>How the gateway stands.</summary>
    public RecordBatch Batch() => Gateway.TakeRecords("test", 1, 0);

    /// <summary>How the policies stand; the records that came with it are kept for <see cref="RecordsAsync"/>.</summary>
    public IReadOnlyList<PolicyReport> Policies()
    {
        var batch = Batch();
        kept.AddRange(batch.Records);
        return batch.Policies;
    }

    /// <summary>The records of so many requests. A request is recorded just after its response was sent, so this may wait a moment.</summary>
    public async Task<IReadOnlyList<TrafficRecord>> RecordsAsync(int requests, Action? meanwhile = null)
    {
        var records = kept.ToList();
        kept.Clear();
        await Until.HoldsAsync(() => records.Sum(record => record.Requests) >= requests, () =>
        {
            meanwhile?.Invoke();
            records.AddRange(Batch().Records);
        });
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        Gateway.LastFault.ShouldBeNull();
    }
}
