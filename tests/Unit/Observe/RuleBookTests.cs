using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Query.Prom;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class RuleBookTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    static readonly AlertRule Waiting = new()
    {
        Name = "waiting",
        Spec = new()
        {
            Expr = "queue > 3", For = TimeSpan.FromMinutes(1),
            Annotations = new Dictionary<string, string> { ["summary"] = "{{ $value }} wait in {{$labels.queue}}, {{ $labels.ghost }}", ["runbook"] = "look at {{ $labels.queue }}" },
        },
    };

    [Fact]
    public void It_fires_when_it_has_held_for_long_enough_and_the_worst_is_told()
    {
        var book = new RuleBook();
        Said(book.Take(Waiting, Rows(), null, false, Now)).ShouldBe("Inactive 0 ");
        Said(book.Take(Waiting, Rows(("a", 4)), null, false, Now.AddSeconds(15))).ShouldBe("Pending 1 4");
        Said(book.Take(Waiting, Rows(("a", 5), ("b", 7.5)), null, false, Now.AddSeconds(60))).ShouldBe("Pending 2 7.5");
        var firing = book.Take(Waiting, Rows(("a", 5), ("b", 7.5)), null, false, Now.AddSeconds(75));
        Said(firing).ShouldBe("Firing 2 7.5");
        firing.Text.ShouldBe("7.5 wait in b, {{ $labels.ghost }} (and 1 more); runbook: look at b");

        // What cannot be looked at stays as it was.
        var failed = book.Take(Waiting, null, "it takes too long", false, Now.AddSeconds(90));
        (failed.State, failed.Fault).ShouldBe((RuleState.Firing, "it takes too long"));
        Said(book.Take(Waiting, Rows(), null, false, Now.AddSeconds(105))).ShouldBe("Inactive 0 ");
        Said(book.Take(Waiting, Rows(("a", 4)), null, false, Now.AddSeconds(120))).ShouldBe("Pending 1 4");
    }

    [Fact]
    public void After_a_restart_it_does_not_wait_again_where_there_is_an_incident() =>
        Said(new RuleBook().Take(Waiting, Rows(("a", 4)), null, hasIncident: true, Now)).ShouldBe("Firing 1 4");

    [Theory]
    [InlineData(0, "Inactive")]
    [InlineData(1, "Firing")]
    public void A_number_holds_where_it_is_not_zero(double value, string state) =>
        new RuleBook().Take(Waiting with { Spec = Waiting.Spec with { For = TimeSpan.Zero } }, new(PromType.Scalar, "", [0], [new(PromLabels.None, [value])], []), null, false, Now).State.ToString().ShouldBe(state);

    [Fact]
    public void Rules_that_are_gone_are_forgotten()
    {
        var book = new RuleBook();
        book.Take(Waiting, Rows(("a", 4)), null, false, Now);
        book.Keep(new HashSet<string>());
        Said(book.Take(Waiting, Rows(("a", 4)), null, false, Now.AddMinutes(5))).ShouldBe("Pending 1 4");
    }

    [Fact]
    public void Wrong_terms_are_all_told() =>
        new RuleSpec { Expr = " ", For = TimeSpan.FromDays(2), About = "host/a", Annotations = new Dictionary<string, string> { ["summary"] = new('x', 1001) } }.Validate().Select(p => p.Path)
            .ShouldBe(["expr", "for", "about", "annotations.summary"]);

    static PromAnswer Rows(params (string Queue, double Value)[] rows) => new(PromType.Instant, "", [0], [.. rows.Select(r => new PromRow(new([("__name__", "queue"), ("queue", r.Queue)]), [r.Value]))], []);

    static string Said(RuleStanding standing) => FormattableString.Invariant($"{standing.State} {standing.Series} {standing.Value}");
}
