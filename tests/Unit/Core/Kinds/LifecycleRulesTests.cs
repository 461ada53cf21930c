using Mainstay.Core.Kinds.Schedule;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class LifecycleRulesTests
{
    static readonly Lifecycle[] States = Enum.GetValues<Lifecycle>();

    public static TheoryData<Lifecycle, Lifecycle> Pairs => [.. States.SelectMany(_ => States, (from, to) => new TheoryDataRow<Lifecycle, Lifecycle>(from, to))];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_way_is_the_shortest_of_allowed_steps(Lifecycle from, Lifecycle to)
    {
        var way = new List<Lifecycle> { from };
        while (way[^1] != to)
        {
            var next = LifecycleRules.Step(way[^1], to);
            LifecycleRules.MayFollow(way[^1], next).ShouldBeTrue($"{way[^1]} -> {next}");
            way.ShouldNotContain(next);
            way.Add(next);
        }

        (way.Count - 1).ShouldBe(Distance(from, to));
        way.Skip(1).SkipLast(1).ShouldNotContain(Lifecycle.Destroy);
    }

    [Fact]
    public void Staying_is_a_step() => States.ShouldAllBe(s => LifecycleRules.MayFollow(s, s) && LifecycleRules.Step(s, s) == s);

    [Fact]
    public void Everything_may_be_destroyed_and_only_a_new_declaration_follows()
    {
        States.ShouldAllBe(s => LifecycleRules.MayFollow(s, Lifecycle.Destroy));
        States.Where(s => s != Lifecycle.Destroy && LifecycleRules.MayFollow(Lifecycle.Destroy, s)).ShouldBe([Lifecycle.Provision]);
    }

    [Theory]
    [InlineData(Lifecycle.Provision, Lifecycle.Run)]
    [InlineData(Lifecycle.Run, Lifecycle.Rollback)]
    [InlineData(Lifecycle.Ready, Lifecycle.Scale)]
    [InlineData(Lifecycle.Rollback, Lifecycle.Scale)]
    [InlineData(Lifecycle.Failed, Lifecycle.Rollback)]
    public void What_would_skip_a_state_is_no_step(Lifecycle from, Lifecycle to) => LifecycleRules.MayFollow(from, to).ShouldBeFalse();

    // By widening the set of states that so many steps reach.
    static int Distance(Lifecycle from, Lifecycle to)
    {
        var reached = new HashSet<Lifecycle> { from };
        var steps = 0;
        for (; !reached.Contains(to); steps++)
        {
            reached.UnionWith(States.Where(s => (s == to || s != Lifecycle.Destroy) && reached.Any(r => LifecycleRules.MayFollow(r, s))).ToArray());
        }

        return steps;
    }
}
