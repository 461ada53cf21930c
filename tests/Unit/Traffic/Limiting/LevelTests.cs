using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>Levels on the wire: set at the edge, never taken from outside, passed on in the mesh, told back, and obeyed.</summary>
public sealed class LevelTests
{
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static readonly LimitSpec Some = new() { Algorithm = LimitAlgorithm.Concurrency, Limit = 100 };
    static readonly TrafficSpec Levelled = new() { Limits = [Some], Levels = new LevelsSpec() };

    [Fact]
    public async Task The_edge_sets_the_level_and_drops_what_the_client_says()
    {
        var heads = new List<string>();
        await using var upstream = Recorded(heads);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: new FakeTime(), route: Routes.All(r => r with { Criticality = Criticality.Critical, User = "header:X-User" }));
        gateway.Apply([upstream.Endpoint()], Levelled);
        await gateway.AskAsync(LimitGateTests.Of("X-Mainstay-Level: 5;127\r\nX-User: anna"));
        await gateway.AskAsync(LimitGateTests.Of("X-User: anna"));
        await gateway.AskAsync(LimitGateTests.Of("X-User: bert"));
        var levels = heads.Select(LevelOf).ToArray();
        levels[0].ShouldStartWith("4;");
        levels[1].ShouldBe(levels[0]);
        levels[2].ShouldNotBe(levels[0]);
        levels[2].ShouldStartWith("4;");
    }

    [Fact]
    public async Task Without_levels_nothing_is_added_and_the_clients_word_is_still_dropped()
    {
        var heads = new List<string>();
        await using var upstream = Recorded(heads);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: new FakeTime());
        await gateway.AskAsync(LimitGateTests.Of("X-Mainstay-Level: 5;127"));
        heads.Single().ShouldNotContain("X-Mainstay-Level");
    }

    [Fact]
    public async Task The_mesh_passes_a_level_on_and_makes_one_where_there_is_none()
    {
        var heads = new List<string>();
        await using var upstream = Recorded(heads);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: new FakeTime());
        gateway.Apply([upstream.Endpoint()], Levelled);
        using var caller = await RawPeer.ConnectAsync(gateway.Mesh);
        foreach (var line in new[] { "X-Mainstay-Level: 4;97", "X-Mainstay-Level: 9;1", "X-Mainstay-Level: 1;2\r\nX-Mainstay-Level: 4;1", "X-Other: 1" })
        {
            await caller.SendAsync(LimitGateTests.Of(line));
            await caller.ReadResponseAsync();
        }
        var levels = heads.Select(LevelOf).ToArray();
        levels[0].ShouldBe("4;97");
        // Neither nonsense nor two levels are one: then the calling service's criticality counts.
        levels[1..].ShouldAllBe(l => l.StartsWith("2;"));
    }

    [Fact]
    public async Task Lower_levels_are_shed_by_hand_and_callers_hear_what_is_admitted()
    {
        var time = new FakeTime();
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time);
        gateway.Apply([upstream.Endpoint()], Levelled);
        gateway.Intervene(new Intervention
        {
            Name = "i1", About = "service/s", Reason = "test", At = time.GetUtcNow(), Until = time.GetUtcNow() + TimeSpan.FromMinutes(5), Admit = 3 * 128 + 5,
        });
        using var caller = await RawPeer.ConnectAsync(gateway.Mesh);
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 3;4"));
        var shed = await caller.ReadResponseAsync();
        shed.ShouldStartWith("HTTP/1.1 503");
        shed.ShouldContain("X-Mainstay-Reason: shed\r\n");
        shed.ShouldContain("X-Mainstay-Admit: 3;5\r\n");
        shed.ShouldContain("Retry-After: 1\r\n");
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 3;5"));
        var served = await caller.ReadResponseAsync();
        served.ShouldStartWith("HTTP/1.1 200");
        served.ShouldContain("X-Mainstay-Admit: 3;5\r\n");
        time.Advance(TimeSpan.FromMinutes(6));
        using var later = await RawPeer.ConnectAsync(gateway.Mesh);
        await later.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 0;0"));
        (await later.ReadResponseAsync()).ShouldNotContain("X-Mainstay-Admit");
    }

    [Fact]
    public async Task What_the_service_says_it_admits_is_obeyed_before_anything_is_sent()
    {
        var time = new FakeTime();
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nX-Mainstay-Admit: 2;0\r\nContent-Length: 0\r\n\r\n");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time);
        gateway.Apply([upstream.Endpoint()], Levelled);
        using var caller = await RawPeer.ConnectAsync(gateway.Mesh);
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 1;9"));
        (await caller.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 1;9"));
        (await caller.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: shed\r\n");
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 2;0"));
        var served = await caller.ReadResponseAsync();
        served.ShouldStartWith("HTTP/1.1 200");
        served.Split("X-Mainstay-Admit: ").Length.ShouldBe(2, "one line of ours, and none of the service's");
        // Two windows in which it says nothing: it holds no longer.
        time.Advance(TimeSpan.FromSeconds(3));
        await caller.SendAsync(LimitGateTests.Of("X-Mainstay-Level: 1;9"));
        (await caller.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
    }

    static string LevelOf(string head)
    {
        head.Split("X-Mainstay-Level: ").Length.ShouldBe(2);
        return head.Split("X-Mainstay-Level: ")[1].Split("\r\n")[0];
    }

    static RawUpstream Recorded(List<string> heads) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            lock (heads) heads.Add(head);
            await peer.SendAsync(Ok);
        }
    });
}
