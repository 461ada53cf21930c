using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Mesh;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>How containers that have a network of their own come to the gateway, and who else does not.</summary>
public sealed class BridgeTests
{
    static readonly ContainerBridge Bridge = new("10.88.0.1", "10.88.0.0/16");

    [Theory]
    [InlineData(null, null, "web.orders 127.0.0.1:30001")]
    [InlineData(true, null, "web.orders 127.0.0.1:30001, web.orders~ 10.88.0.1:30001 of web.orders")]
    [InlineData(true, true, "web.orders 127.0.0.1:30001, web.orders+ 127.0.0.2:30001 of web.orders, web.orders~ 10.88.0.1:30001 of web.orders, web.orders~+ 10.88.0.1:17001 of web.orders")]
    public void Each_way_of_such_a_caller_has_its_counterpart_on_the_bridge(bool? bridged, bool? both, string listeners)
    {
        var link = new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = 30_001, Both = both, Bridged = bridged };
        var table = TableDecide.Next(new TableView(1, null, [], [link], [], new Dictionary<string, ServiceSpec>(), []));
        BridgeDoors.AddTo(table, null).ShouldBe(table, "a host without such containers");
        var all = BridgeDoors.AddTo(table, Bridge).Listeners;
        string.Join(", ", all.Select(l => $"{l.Name} {l.Address}:{l.Port}{(l.Link is { } of ? $" of {of}" : "")}")).ShouldBe(listeners);
        all.ShouldAllBe(l => l.Caller == "web" && MeshLink.LinkOf(l.Name) == "web.orders" && (l.Sources == null) == (l.Address != Bridge.Address));
    }

    [Fact]
    public void Of_a_group_of_releases_each_version_calls_its_own_from_there_too()
    {
        var link = new MeshLink { Name = "web.orders", Caller = "web", Callee = "orders", Port = 30_001, Both = true, Bridged = true };
        static Endpoints Of(string name, bool? other) => new() { Name = name, Items = [new(name + "-1", "127.0.0.1:5001", "")], Split = new([name + "-1"], 2000) { Group = "g", Other = other } };
        var table = TableDecide.Next(new TableView(1, null, [], [link], [Of("web", true), Of("orders", null)], new Dictionary<string, ServiceSpec>(), []));
        BridgeDoors.AddTo(table, Bridge).Listeners.Select(l => $"{l.Name} {l.ToNew}").ShouldBe(["web.orders False", "web.orders+ True", "web.orders~ False", "web.orders~+ True"]);
    }

    [Fact]
    public void A_link_is_for_containers_once_one_of_them_may_be_one()
    {
        var view = new LinkView("web", ["orders"], [], new HashSet<string>(), new HashSet<string>(), () => 30_001) { IsBridged = true };
        var link = LinkDecide.Next(view).Puts.ShouldHaveSingleItem().ShouldBeOfType<MeshLink>();
        link.Bridged.ShouldBe(true);
        LinkDecide.Next(view with { Links = [link], IsBridged = false }).IsNothing.ShouldBeTrue("containers of the version before may run");
        LinkDecide.Next(view with { Links = [link with { Bridged = null }] }).Puts.ShouldHaveSingleItem().ShouldBe(link);
    }

    [Theory]
    [InlineData(TransportKind.Sockets)]
    [InlineData(TransportKind.Epoll)]
    public async Task Who_comes_from_elsewhere_is_turned_away(TransportKind kind)
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = new Gateway(OnBothTransports.Of(kind));
        var door = new ListenerModel("web.s~", "127.0.0.1", 0, ListenerKind.Mesh, "web", "s");
        gateway.Apply(new TableModel(1, [door with { Sources = ["10.88.0.0/16"] }], [], [new ClusterModel("s", [upstream.Endpoint()], Routes.RoundRobin)])).FailedListeners.ShouldBeEmpty();
        (await IsTurnedAwayAsync(gateway.AddressOf(door.Name)!)).ShouldBeTrue();
        gateway.TurnedAway.ShouldBe(1);
        gateway.Apply(new TableModel(2, [door with { Sources = ["127.0.0.0/8"] }], [], [new ClusterModel("s", [upstream.Endpoint()], Routes.RoundRobin)])).FailedListeners.ShouldBeEmpty();
        using var known = await RawPeer.ConnectAsync(gateway.AddressOf(door.Name)!);
        await known.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await known.ReadResponseAsync()).ShouldEndWith("ok");
    }

    [Theory]
    [InlineData(TransportKind.Sockets)]
    [InlineData(TransportKind.Epoll)]
    public async Task It_listens_before_the_bridge_is_there(TransportKind kind)
    {
        await using var gateway = new Gateway(OnBothTransports.Of(kind)) { Bridge = new("10.203.77.1", "10.203.77.0/24") };
        var listener = new ListenerModel("web.s", "127.0.0.1", FreePorts.One(), ListenerKind.Mesh, "web", "s") { Bridged = true };
        var applied = gateway.Apply(new TableModel(1, [listener], [], [new ClusterModel("s", [], Routes.RoundRobin)]));
        applied.BoundListeners.ShouldBe(["web.s", "web.s~"], string.Join(' ', applied.FailedListeners));
    }

    // The reset may come before the connect is told to have succeeded.
    static async Task<bool> IsTurnedAwayAsync(System.Net.IPEndPoint at)
    {
        try
        {
            using var stranger = await RawPeer.ConnectAsync(at);
            return await stranger.IsEndedAsync();
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }
}
