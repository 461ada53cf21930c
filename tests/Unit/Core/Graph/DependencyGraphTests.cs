using Mainstay.Core.Graph;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Graph;

public sealed class DependencyGraphTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a:b b:c c:", "")]
    [InlineData("a:a", "a a")]
    [InlineData("a:b b:a", "a b a")]
    [InlineData("web:api api:db db:api", "api db api")]
    [InlineData("a:b b:c,a c:a", "a b a")]
    [InlineData("a:b b:c c:d d:a c:a", "a b c a")]
    [InlineData("a:b b:a x:y,a y:x", "a b a; x y x")]
    [InlineData("a:b,c b:a c:a", "a b a")]
    public void One_shortest_cycle_is_told_for_each_group(string text, string cycles) =>
        string.Join("; ", Read(text).Cycles().Select(c => string.Join(' ', c))).ShouldBe(cycles);

    [Theory]
    [InlineData("", "")]
    [InlineData("a: b:", "a b")]
    [InlineData("web:api api:db,cache db: cache:", "cache db | api | web")]
    [InlineData("a:b b:a c: d:a,c", "c | a b d")]
    [InlineData("a:a", "a")]
    [InlineData("a:elsewhere", "a")]
    public void Levels_are_the_order_to_start_in(string text, string levels) =>
        string.Join(" | ", Read(text).Levels().Select(l => string.Join(' ', l))).ShouldBe(levels);

    [Theory]
    [InlineData("web:api api:db jobs:db db:", "db", "api jobs web")]
    [InlineData("web:api api:", "web", "")]
    [InlineData("a:b b:a", "a", "a b")]
    [InlineData("a:a", "a", "a")]
    [InlineData("a:b", "b", "")]
    public void Whoever_needs_it_through_others_is_hurt_too(string text, string name, string hurt) =>
        string.Join(' ', Read(text).ReverseReach(name)).ShouldBe(hurt);

    [Fact]
    public void Needs_are_known_names_once_and_in_order()
    {
        var graph = Read("a:c,b,c,ghost b: c:b");
        graph.NeedsOf("a").ShouldBe(["b", "c"]);
        graph.DependantsOf("b").ShouldBe(["a", "c"]);
        graph.Names.ShouldBe(["a", "b", "c"]);
        graph.NeedsOf("ghost").ShouldBeEmpty();
        graph.DependantsOf("ghost").ShouldBeEmpty();
    }

    [Fact]
    public void The_laws_hold_in_any_graph()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var names = Enumerable.Range(0, random.Next(1, 12)).Select(i => $"n{i:00}").ToArray();
            var graph = new DependencyGraph(names.Select(n => (n, names.Where(_ => random.Next(5) == 0).ToArray().AsEnumerable())));
            var cycles = graph.Cycles();
            var levels = graph.Levels();

            levels.SelectMany(l => l).Order(StringComparer.Ordinal).SequenceEqual(names).ShouldBeTrue($"seed {seed}");
            cycles.Any().ShouldBe(names.Any(n => graph.ReverseReach(n).Contains(n)), $"seed {seed}");
            foreach (var cycle in cycles)
            {
                cycle[0].ShouldBe(cycle[^1]);
                cycle.SkipLast(1).ShouldBeUnique();
                cycle.Zip(cycle.Skip(1)).ShouldAllBe(step => graph.NeedsOf(step.First).Contains(step.Second));
            }

            var orderly = cycles.Any() ? levels.SkipLast(1) : levels;
            var started = new HashSet<string>();
            foreach (var level in orderly)
            {
                level.SelectMany(graph.NeedsOf).ShouldBeSubsetOf(started);
                started.UnionWith(level);
            }
        }
    }

    // "a:b,c b:" is a, which needs b and c, and b, which needs nothing.
    static DependencyGraph Read(string text) => new(
        from node in text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let parts = node.Split(':')
        select (parts[0], parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries).AsEnumerable()));
}
