using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Progress;
using Shouldly;
using Xunit;
using Outcome = Mainstay.Host.Cli.Progress.Outcome;

namespace Mainstay.Tests.Host.Cli;

public class ProgressTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(Lifecycle.Run, "Serving", 2, 2, true, Outcome.Done)]
    [InlineData(Lifecycle.Run, "Serving", 2, 2, false, Outcome.Waiting)]
    [InlineData(Lifecycle.Run, "Degraded", 1, 2, true, Outcome.Waiting)]
    [InlineData(Lifecycle.Ready, "Stopped", 0, 0, true, Outcome.Done)]
    [InlineData(Lifecycle.Ready, "Starting", 0, 1, true, Outcome.Waiting)]
    [InlineData(Lifecycle.Destroy, "Removed", 0, 0, true, Outcome.Waiting)]
    [InlineData(Lifecycle.Failed, "CrashLoop", 0, 1, true, Outcome.Failed)]
    [InlineData(Lifecycle.Failed, "CrashLoop", 0, 1, false, Outcome.Waiting)]
    [InlineData(Lifecycle.Rollback, "NotReadyInTime", 1, 1, true, Outcome.Failed)]
    [InlineData(Lifecycle.Run, "RolledBack", 1, 1, true, Outcome.Failed)]
    public void Waiting_ends_with_what_is_settled(Lifecycle state, string reason, int ready, int wanted, bool settled, Outcome outcome) =>
        Verdict.Of(Status(Service("web", state, reason, ready, wanted) with { Settled = settled }), null, 0).ShouldBe(outcome);

    [Fact]
    public void An_older_version_is_waited_out() =>
        Verdict.Of(Status(Service("web", Lifecycle.Run, "Serving", 1, 1)) with { Architecture = new("shop", "", 3, true) }, null, 4).ShouldBe(Outcome.Waiting);

    [Fact]
    public void A_change_and_its_status_give_one_line_each_and_no_change_gives_none() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Statuses(), Statuses(), (before, now) =>
        {
            var lines = Transitions.Between(before, now);
            var names = before.Services.Concat(now.Services).Select(s => s.Name).ToHashSet();
            return lines.Select(l => l.Service).Distinct().Count() == lines.Count
                && lines.All(l => names.Contains(l.Service) && l.Now == now.Find(l.Service))
                && Transitions.Between(now, now).Count == 0;
        }));

    [Fact]
    public void What_a_start_waits_for_is_told_when_it_changes_and_the_message_of_a_release_is_not()
    {
        var (slow, moving) = (Service("slow", Lifecycle.Ready, "Starting", 0, 1), Service("moving", Lifecycle.Update, "Releasing", 1, 1));
        var before = Status(slow with { Message = "0 of 1 ready" }, moving with { Message = "20% since 3s" });
        var now = Status(slow with { Message = "0 of 1 ready; slow-1: not healthy yet: connection refused" }, moving with { Message = "20% since 4s" });
        Transitions.Between(before, now).Select(l => l.Text(4)).ShouldBe(["slow  Ready      0/1  Starting: 0 of 1 ready; slow-1: not healthy yet: connection refused"]);
    }

    [Fact]
    public void A_drawing_never_has_more_lines_than_the_terminal()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Statuses(), Gen.Choose(1, 12).ToArbitrary(), (status, rows) =>
            ProgressTree.Lines(status, null, new Dictionary<string, FailureAid> { ["a"] = new(["one", "two"], "mend it") }, Now, rows).Count <= rows));
    }

    [Fact]
    public void Where_rows_are_few_what_is_not_there_yet_is_shown()
    {
        ServiceView[] services = [.. Enumerable.Range(0, 50).Select(i => Service($"s{i:00}", Lifecycle.Run, "Serving", 1, 1)), Service("late", Lifecycle.Provision, "Building", 0, 1)];
        var lines = ProgressTree.Lines(Status(services), null, new Dictionary<string, FailureAid>(), Now, 5);
        lines.Select(l => l.Text).ShouldBe(["· late  Provision  0/1  Building  1m0s", "  50 services of 51 as declared; 'mainstay status' shows all"]);
    }

    static StatusView Status(params ServiceView[] services) => new() { Services = services };

    static ServiceView Service(string name, Lifecycle state, string reason, int ready, int wanted) =>
        new() { Name = name, State = state, Reason = reason, Ready = ready, Wanted = wanted, Since = Now.AddSeconds(-60) };

    static Arbitrary<StatusView> Statuses()
    {
        var service =
            from name in Gen.Elements("a", "b", "c", "d", "e", "f")
            from state in Gen.Elements(Enum.GetValues<Lifecycle>())
            from ready in Gen.Choose(0, 3)
            from wanted in Gen.Choose(0, 3)
            from instances in Gen.Choose(0, 4)
            select Service(name, state, state.ToString(), ready, wanted) with
            {
                Instances = [.. Enumerable.Range(1, instances).Select(i => new InstanceView { Id = $"{name}-{i}", State = InstanceState.Starting })],
            };
        return Gen.ListOf(service).Select(all => Status([.. all.DistinctBy(s => s.Name).OrderBy(s => s.Name)])).ToArbitrary();
    }
}
