using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>What happens between an apply's reading and its commit. The clock is asked just there, so a clock that does something once stands for the other side.</summary>
public sealed class ApplierConflictTests : IAsyncDisposable
{
    readonly MemoryStore store = new(new FakeTime());
    readonly Interruption clock = new();
    readonly Applier applier;
    readonly Applier other;

    public ApplierConflictTests()
    {
        applier = new(store, CoreKinds.All, clock, ManifestScenarios.Around.Folders, 7070);
        other = new(store, CoreKinds.All, new FakeTime(), ManifestScenarios.Around.Folders, 7070);
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Fact]
    public async Task An_apply_that_another_one_overtakes_changes_nothing_and_says_so()
    {
        (await Apply(applier, "./one")).Result.ShouldBe(ApplyResult.Applied);
        clock.Once = () => Apply(other, "./two").GetAwaiter().GetResult().Result.ShouldBe(ApplyResult.Applied);
        var outcome = await Apply(applier, "./three");
        outcome.Result.ShouldBe(ApplyResult.Conflict);
        outcome.Version.ShouldBe(2);
        outcome.Problems.ShouldHaveSingleItem().What.ShouldContain("version 2 is in force");
        (await Web()).Spec.Run.ShouldBe("./two");
    }

    [Fact]
    public async Task The_first_two_applies_at_once_conflict_too()
    {
        clock.Once = () => Apply(other, "./two").GetAwaiter().GetResult().Result.ShouldBe(ApplyResult.Applied);
        (await Apply(applier, "./one")).Result.ShouldBe(ApplyResult.Conflict);
        (await Web()).Spec.Run.ShouldBe("./two");
    }

    [Fact]
    public async Task A_status_that_changes_meanwhile_is_kept_and_costs_only_another_try()
    {
        await Apply(applier, "./one");
        clock.Once = () => WriteStatus(ready: 1).GetAwaiter().GetResult();
        var outcome = await Apply(applier, "./two");
        outcome.Result.ShouldBe(ApplyResult.Applied);
        var web = await Web();
        web.Spec.Run.ShouldBe("./two");
        web.Status.Ready.ShouldBe(1);
    }

    [Fact]
    public async Task A_scale_is_decided_anew_after_another_change()
    {
        await Apply(applier, "./one");
        clock.Once = () => Apply(other, "./two").GetAwaiter().GetResult();
        (await applier.ScaleAsync("web", 3, new("ann", "test"))).Version.ShouldBe(3);
        var web = await Web();
        web.Spec.Run.ShouldBe("./two");
        web.Scale.ShouldBe(3);
    }

    [Fact]
    public async Task Who_is_interrupted_each_time_gives_up()
    {
        await Apply(applier, "./one");
        clock.Always = () => WriteStatus(ready: 1).GetAwaiter().GetResult();
        (await applier.ScaleAsync("web", 3, new("ann", "test"))).Result.ShouldBe(ApplyResult.Conflict);
        (await Web()).Scale.ShouldBeNull();
    }

    static Task<ApplyOutcome> Apply(Applier by, string run) => by.ApplyAsync(
        new() { Files = [new("m.yaml", $"architecture: shop\nservices: {{ web: {{ run: {run} }} }}\n")], BaseFolder = "/shop" }, new("ann", "test"));

    async Task<Service> Web() => CoreKinds.All.Of<Service>().Decode((await store.GetAsync("service/web"))!);

    async Task WriteStatus(int ready)
    {
        var web = await Web();
        var next = web with { Status = web.Status with { Ready = ready, NextInstance = web.Status.NextInstance + 1 } };
        (await store.CommitAsync(new([new("service/web", web.Revision)], [new("service/web", Codec.Encode(next))]))).Succeeded.ShouldBeTrue();
    }

    sealed class Interruption : TimeProvider
    {
        public Action? Once { get; set; }

        public Action? Always { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            var once = Once;
            Once = null;
            once?.Invoke();
            Always?.Invoke();
            return new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        }
    }
}
