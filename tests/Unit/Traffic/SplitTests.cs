using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;
using EndpointModel = Mainstay.Traffic.Path.EndpointModel;

namespace Mainstay.Tests.Traffic;

/// <summary>Who goes where in a split, and who moves when it changes.</summary>
public sealed class SplitTests
{
    const int Users = 20_000;

    [Fact]
    public void Users_fall_in_proportion_to_the_weights()
    {
        var counts = new int[3];
        var choice = ChoiceOf(("a", 5), ("b", 20), ("c", 75));
        foreach (var user in Enumerable.Range(0, Users))
        {
            counts[choice.Of(HashOf(user))]++;
        }

        counts.Select(c => (double)c / Users).Zip([0.05, 0.20, 0.75]).ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) < 0.01);
    }

    [Fact]
    public void A_part_that_grows_keeps_its_users_and_nobody_moves_between_the_others() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(1, 50).ToArbitrary(), Gen.Choose(1, 50).ToArbitrary(), Gen.Choose(0, 50).ToArbitrary(), (first, second, more) =>
        {
            var before = ChoiceOf(("a", first), ("b", second), ("c", 30));
            var after = ChoiceOf(("a", first + more), ("b", second), ("c", 30));
            return Enumerable.Range(0, 500).All(user =>
            {
                var (was, now) = (before.Of(HashOf(user)), after.Of(HashOf(user)));
                return now == was || now == 0;
            });
        }));

    [Fact]
    public void Only_as_many_move_as_have_to_and_the_order_of_parts_does_not_matter()
    {
        var small = ChoiceOf(("new", 5), ("old", 95));
        var large = ChoiceOf(("new", 25), ("old", 75));
        var turned = ChoiceOf(("old", 75), ("new", 25));
        var moved = Enumerable.Range(0, Users).Count(user => small.Of(HashOf(user)) != large.Of(HashOf(user)));
        (moved / (double)Users).ShouldBeInRange(0.185, 0.215);
        Enumerable.Range(0, Users).ShouldAllBe(user => large.Of(HashOf(user)) == 1 - turned.Of(HashOf(user)));
        Enumerable.Range(0, Users).Where(user => small.Of(HashOf(user)) == 0).ShouldAllBe(user => large.Of(HashOf(user)) == 0);
        ChoiceOf(("new", 100), ("old", 0)).Of(7).ShouldBe(0);
        ChoiceOf(("new", 0)).Of(7).ShouldBe(-1);
    }

    [Fact]
    public async Task Conditions_take_requests_and_users_stay_where_they_are()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0.0", "2.1.0").Service("t", "9")
            .Route("r", new(), s => s with
            {
                To = "s",
                Split = new()
                {
                    By = "cookie:uid",
                    Parts =
                    [
                        new() { To = "t", When = new() { Headers = new Dictionary<string, string> { ["X-Beta"] = "t" } } },
                        new() { Version = ">=2.0", When = new() { Query = new Dictionary<string, string> { ["v"] = "2" }, Clients = ["127.0.0.0/8"] } },
                        new() { Version = "<2.0", When = new() { Clients = ["10.0.0.0/8"] } },
                        new() { Version = ">=2.0", Weight = 50 },
                        new() { Version = "<2.0", Weight = 50 },
                    ],
                },
            })
            .Start();
        for (var i = 0; i < 4; i++)
        {
            (await gateway.GetAsync("/", "X-Beta: t\r\n")).ShouldContain("t 9\n");
            (await gateway.GetAsync("/?v=2")).ShouldContain("s 2.1.0\n");
        }

        var seen = new HashSet<string>();
        foreach (var user in Enumerable.Range(0, 16))
        {
            var first = VersionIn(await gateway.GetAsync("/", $"Cookie: a=b; uid={user}\r\n"));
            VersionIn(await gateway.GetAsync("/", $"Cookie: uid={user}\r\n")).ShouldBe(first);
            seen.Add(first);
        }

        seen.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("mesh")]
    public async Task A_release_divides_routes_and_calls_by_instance_whatever_the_versions(string listener)
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0.0", "1.0.0+b", "1.0.0+c").Route("all", new(), s => s with { To = "s" });
        async Task<HashSet<string>> VersionsAsync(int weight, string headers = "")
        {
            gateway.Change("s", c => c with
            {
                Release = new(["s-1.0.0+c"], weight) { When = new() { Headers = new Dictionary<string, string> { ["X-Canary"] = "1" } } },
            }).Start();
            var seen = new HashSet<string>();
            for (var i = 0; i < 24; i++)
            {
                seen.Add(VersionIn(await gateway.AskAsync($"GET / HTTP/1.1\r\nHost: s\r\n{headers}\r\n", listener)));
            }

            return seen;
        }

        (await VersionsAsync(0)).ShouldBe(["s 1.0.0", "s 1.0.0+b"], ignoreOrder: true);
        (await VersionsAsync(0, "X-Canary: 1\r\n")).ShouldBe(["s 1.0.0+c"]);
        (await VersionsAsync(10_000)).ShouldBe(["s 1.0.0+c"]);
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("mesh")]
    public async Task What_the_only_instance_of_a_version_cannot_take_goes_to_the_other_version_unless_it_was_asked_for(string listener)
    {
        await using var dying = new RawUpstream(async (peer, _) => await peer.ReadHeadAsync());
        await using var gateway = new RoutedGateway().Service("s", "1.0.0").Route("all", new(), s => s with { To = "s" });
        var conditions = new SplitWhen { Headers = new Dictionary<string, string> { ["X-Canary"] = "1" } };
        Task<string> AskAsync(string method, string more = "") => gateway.AskAsync($"{method} / HTTP/1.1\r\nHost: s\r\n{more}\r\n", listener);

        // The new version dies at each request: a safe one is answered by the old version.
        var old = gateway.With("s", dying.Endpoint("s-2"), c => c with { Release = new(["s-2"], 10_000) { When = conditions } });
        gateway.Start();
        for (var i = 0; i < 4; i++) VersionIn(await AskAsync("GET")).ShouldBe("s 1.0.0");
        (await AskAsync("POST", "Content-Length: 0\r\n")).ShouldContain("X-Mainstay-Reason: upstream-closed");
        (await AskAsync("GET", "X-Canary: 1\r\n")).ShouldContain("X-Mainstay-Reason: upstream-closed");
        gateway.Gateway.TakeRecords("test", 1, 0).Records.Where(r => r.Instance == "s-2").Sum(r => r.TakenOver).ShouldBe(4);

        // It cannot be connected to: nothing was sent, so that holds for every method.
        gateway.Change("s", c => c with { Endpoints = [old, new("s-2", "127.0.0.1", RawUpstream.DeadPort())] }).Start();
        foreach (var method in new[] { "POST", "GET", "DELETE" }) VersionIn(await AskAsync(method, "Content-Length: 0\r\n")).ShouldBe("s 1.0.0");
        (await AskAsync("GET", "X-Canary: 1\r\n")).ShouldContain("X-Mainstay-Reason: connect-failed");
        gateway.Gateway.TakeRecords("test", 2, 0).Records.Where(r => r.Instance == "s-2").Sum(r => r.TakenOver).ShouldBe(3);
    }

    [Fact]
    public async Task The_new_version_takes_what_the_old_one_cannot_only_where_it_gets_requests_and_groups_stay_apart()
    {
        await using var gateway = new RoutedGateway(new FakeTime()).Service("s", "2.0.0").Route("all", new(), s => s with { To = "s" });
        var dead = new EndpointModel("s-1", "127.0.0.1", RawUpstream.DeadPort());
        gateway.With("s", dead, c => c);
        async Task<string> AskAsync(int weight, string listener = "gateway")
        {
            gateway.Change("s", c => c with { Release = new(["s-2.0.0"], weight) }).Start();
            return await gateway.AskAsync("GET / HTTP/1.1\r\nHost: s\r\n\r\n", listener);
        }

        (await AskAsync(0)).ShouldContain("X-Mainstay-Reason: connect-failed");
        for (var i = 0; i < 8; i++) VersionIn(await AskAsync(1)).ShouldBe("s 2.0.0");
        gateway.Gateway.Answer("test", new("q", Target: "/")).Explanation!.Instance.ShouldBe("s-2.0.0");
        gateway.ToNew = false;
        (await AskAsync(5000, "mesh")).ShouldContain("X-Mainstay-Reason: connect-failed");
    }

    [Fact]
    public async Task An_answer_of_the_other_version_is_not_kept_as_one_of_the_own()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0.0").Route("all", new(), s => s with { To = "s", Cache = new() { Ttl = TimeSpan.FromMinutes(1) } });
        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnew\n");
        gateway.With("s", new("s-2", "127.0.0.1", RawUpstream.DeadPort()), c => c with { Release = new(["s-2"], 10_000) });
        gateway.Start();
        VersionIn(await gateway.GetAsync("/")).ShouldBe("s 1.0.0");
        gateway.Change("s", c => c with { Endpoints = [c.Endpoints[0], alive.Endpoint("s-2")] }).Start();
        VersionIn(await gateway.GetAsync("/")).ShouldBe("new");
    }

    [Fact]
    public async Task A_caller_of_a_group_gets_its_own_side_of_a_release_whatever_the_share()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0.0", "2.0.0").Route("all", new(), s => s with { To = "s" })
            .Change("s", c => c with { Release = new(["s-2.0.0"], 5000) { When = new() { Headers = new Dictionary<string, string> { ["X-Canary"] = "1" } } } });
        foreach (var (toNew, version) in new[] { (true, "s 2.0.0"), (false, "s 1.0.0"), (true, "s 2.0.0") })
        {
            gateway.ToNew = toNew;
            gateway.Start();
            for (var i = 0; i < 16; i++)
            {
                VersionIn(await gateway.AskAsync("GET / HTTP/1.1\r\nHost: s\r\nX-Canary: 1\r\n\r\n", "mesh")).ShouldBe(version);
            }
        }
    }

    [Fact]
    public async Task A_part_without_endpoints_is_the_whole_service_and_a_service_may_be_divided_from_outside()
    {
        await using var gateway = new RoutedGateway().Service("s", "1.0.0", "2.0.0")
            .Route("r", new() { Path = "/r" }, s => s with { To = "s", Split = new() { Parts = [new() { Version = ">=3.0" }] } })
            .Route("all", new(), s => s with { To = "s" })
            .Change("s", c => c with { Split = new() { Parts = [new() { Version = ">=2.0", Weight = 1 }, new() { Version = "<2.0", Weight = 0 }] } })
            .Start();
        var seen = new HashSet<string>();
        for (var i = 0; seen.Count < 2 && i < 200; i++)
        {
            seen.Add(VersionIn(await gateway.GetAsync("/r")));
        }

        seen.Count.ShouldBe(2, "no 3.0 is there, so every version serves");
        for (var i = 0; i < 8; i++)
        {
            VersionIn(await gateway.GetAsync("/else")).ShouldBe("s 2.0.0");
            gateway.Gateway.Answer("test", new("q", Target: "/else")).Explanation!.Instance.ShouldBe("s-2.0.0");
            VersionIn(await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "mesh")).ShouldBe("s 2.0.0");
        }
    }

    [Fact]
    public async Task Copies_go_to_another_service_and_nothing_of_them_comes_back()
    {
        var got = new TaskCompletionSource<string>();
        var posted = new TaskCompletionSource<string>();
        await using var shadow = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET", StringComparison.Ordinal)) got.TrySetResult(head);
                else posted.TrySetResult(head + await peer.ReadAsync(10));
                await peer.SendAsync("HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad");
            }
        });
        await using var gateway = new RoutedGateway().Service("s", "1.0").Service("t")
            .Change("t", c => c with { Endpoints = [shadow.Endpoint()] })
            .Route("r", new(), s => s with { To = "s", Mirror = new() { To = "t", MaxBody = new(10) }, Rewrite = new() { Prefix = "/in" } })
            .Start();
        (await gateway.GetAsync("/x")).ShouldContain("s 1.0\nGET /in/x ");
        var copy = await got.Task.WaitAsync(RawPeer.Patience, TimeProvider.System);
        copy.ShouldStartWith("GET /in/x HTTP/1.1\r\n");
        copy.ShouldContain("X-Mainstay-Mirror: r\r\n");

        // A body that arrives in pieces is copied whole; one that is too large is counted.
        using var client = await RawPeer.ConnectAsync(gateway.Gateway.AddressOf("gateway")!);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
        await client.SendAsync("56789");
        (await client.ReadResponseAsync()).ShouldContain("0123456789");
        (await posted.Task.WaitAsync(RawPeer.Patience, TimeProvider.System)).ShouldEndWith("0123456789");
        (await gateway.AskAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890")).ShouldStartWith("HTTP/1.1 200");
        var report = gateway.Gateway.TakeRecords("test", 1, 0).Policies.Single(p => p.Policy == "mirror");
        report.Numbers["tooLarge"].ShouldBe(1);
        report.Numbers["busy"].ShouldBe(0);
    }

    static SplitChoice ChoiceOf(params (string Version, int Weight)[] parts) =>
        new("test", [.. parts.Select(p => new SplitPart { To = p.Version, Weight = p.Weight })]);

    static ulong HashOf(int user) => SplitChoice.HashOf(Encoding.ASCII.GetBytes($"user-{user}"));

    static string VersionIn(string answer)
    {
        var body = answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        return body[..body.IndexOf('\n')];
    }
}
