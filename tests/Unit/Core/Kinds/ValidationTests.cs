using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

/// <summary>Validation tells all that is wrong at once, each at its place and with a remedy.</summary>
public sealed class ValidationTests
{
    static readonly Service Valid = new() { Name = "web", BaseFolder = "/", Spec = new() { Run = "./web" } };

    [Fact]
    public void Defaults_are_valid()
    {
        Valid.Validate().ShouldBeEmpty();
        new Gateway { Name = "gateway" }.Validate().ShouldBeEmpty();
        new Route { Name = "all", Spec = new() { Match = new(), To = "web" } }.Validate().ShouldBeEmpty();
    }

    [Fact]
    public void A_service_tells_everything_at_once()
    {
        var minus = TimeSpan.FromTicks(-1);
        var wrong = new Service
        {
            Name = "We.b",
            BaseFolder = "/",
            Spec = new()
            {
                Run = " ",
                Version = "new",
                Instances = new() { Min = 1001, Max = -1 },
                Build = new() { Command = "", Timeout = minus },
                Health = new() { Path = "x", Command = "y", Interval = minus, Timeout = minus, Startup = minus, Failures = 0 },
                Restart = new() { Backoff = TimeSpan.FromHours(2), MaxBackoff = minus, Reset = minus, CrashLoop = 101 },
                Needs = new Dictionary<string, NeedSpec> { ["db"] = new() { Version = "any" } },
                Grace = minus,
                Drain = TimeSpan.FromMinutes(11),
                Env = new Dictionary<string, string> { ["1A"] = "", [""] = "", ["A-B"] = "", ["A_1"] = "" },
            },
        };
        PathsOf(wrong.Validate()).ShouldBe(
        [
            "name", "name", "spec.build.command", "spec.build.timeout", "spec.drain", "spec.env.", "spec.env.1A", "spec.env.A-B", "spec.grace",
            "spec.health.command", "spec.health.failures", "spec.health.interval", "spec.health.path", "spec.health.startup", "spec.health.timeout",
            "spec.instances.max", "spec.instances.min", "spec.instances.min", "spec.needs.db.version",
            "spec.restart.backoff", "spec.restart.backoff", "spec.restart.crashLoop", "spec.restart.maxBackoff", "spec.restart.reset", "spec.run", "spec.version",
        ]);
    }

    [Fact]
    public void No_service_takes_the_name_of_the_gateway() =>
        PathsOf((Valid with { Name = Gateway.TheName }).Validate()).ShouldBe(["name"]);

    [Fact]
    public void A_route_tells_everything_at_once()
    {
        var wrong = new RouteSpec
        {
            To = "web",
            Match = new() { Path = "x/{**rest}/a{b}", Methods = ["get", "", "GET", "M-SEARCH"] },
            Retry = new() { Attempts = 6, On = ["connect", "503", "404", "50", "never"] },
            Timeout = TimeSpan.Zero,
        };
        PathsOf(wrong.Validate()).ShouldBe(
        [
            "match.methods", "match.methods", "match.methods", "match.path", "match.path", "match.path",
            "retry.attempts", "retry.on", "retry.on", "retry.on", "timeout",
        ]);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://0.0.0.0:80/", true)]
    [InlineData("http://[::1]:8080", true)]
    [InlineData("http://localhost:8080", false)]
    [InlineData("https://127.0.0.1:8080", false)]
    [InlineData("http://127.0.0.1:8080/x", false)]
    [InlineData("http://127.0.0.1:8080?x", false)]
    [InlineData("http://127.0.0.1:8080#x", false)]
    [InlineData("http://user@127.0.0.1:8080", false)]
    [InlineData("http://127.0.0.1:65536", false)]
    [InlineData("127.0.0.1:8080", false)]
    [InlineData(":8080", false)]
    [InlineData("", false)]
    public void The_gateway_listens_on_an_address(string listen, bool valid) =>
        PathsOf(new Gateway { Name = "gateway", Listen = listen }.Validate()).ShouldBe(valid ? [] : ["listen"]);

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(20, true)]
    [InlineData(21, false)]
    public void Both_bounds_are_within(int value, bool valid)
    {
        Limits.Between("x", value, 10, 20).Any().ShouldBe(!valid);
        Limits.Between("x", TimeSpan.FromSeconds(value), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20)).Any().ShouldBe(!valid);
    }

    [Fact]
    public void A_limit_is_told_in_the_notation_of_the_user() =>
        Limits.Between("grace", TimeSpan.FromHours(1.5), TimeSpan.Zero, TimeSpan.FromMinutes(10)).ShouldHaveSingleItem().ToString()
            .ShouldBe("grace: 1h30m is outside 0s to 10m; choose a duration within");

    [Fact]
    public void A_problem_is_placed_under_its_parents()
    {
        new Problem("a", "w", "r").Under("b").Under("c").Path.ShouldBe("c.b.a");
        new Problem("", "w", "r").Under("b").Path.ShouldBe("b");
    }

    static string[] PathsOf(IEnumerable<Problem> problems)
    {
        var all = problems.ToArray();
        all.ShouldAllBe(p => p.What.Length > 0 && p.Remedy.Length > 0 && !p.What.EndsWith('.') && !p.Remedy.EndsWith('.'));
        return [.. all.Select(p => p.Path).Order(StringComparer.Ordinal)];
    }
}
