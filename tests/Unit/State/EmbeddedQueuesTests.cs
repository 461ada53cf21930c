using Mainstay.Core.Kinds.State;
using Mainstay.State.Queues;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The embedded engine keeps the contract, and keeps it over its end and beginning.</summary>
public sealed class EmbeddedQueuesTests : QueueEngineConformance
{
    readonly TempFolder folder = new();
    long mostBytes = 64L << 30;

    EmbeddedQueues Embedded => (EmbeddedQueues)Engine;

    protected override IQueueEngine Open() => EmbeddedQueues.Open(new() { Path = folder["queues.db"], Time = Time, MaxFileBytes = mostBytes });

    protected override ValueTask CleanAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task EverythingStandsAsBeforeWhenTheEngineIsOpenedAgain()
    {
        await Engine.PublishAsync(new("orders"), [New("dead"), New("flying"), New("waits", key: "a"), New("behind", key: "a"), New("later") with { Delay = TimeSpan.FromMinutes(1) }], None);
        await SettleAsync(SettleAs.Dead, (await PullAsync(1)).Single());
        var flying = (await PullAsync(1)).Single();
        var before = await PeekAsync();
        var figures = Engine.Figures().Single();
        await ReopenAsync();
        (await PeekAsync()).ShouldBe(before);
        Engine.Figures().Single().ShouldSatisfyAllConditions(
            f => (f.Ready, f.Waiting, f.InFlight, f.Dead, f.Bytes).ShouldBe((1, 2, 1, 1, figures.Bytes)), f => (figures.Ready, figures.Waiting, figures.InFlight, figures.Dead).ShouldBe((1, 2, 1, 1)));
        (await SettleAsync(SettleAs.Ack, flying)).ShouldBe((1, 0));
        (await PublishAsync("orders", "new")).ShouldBe([6]);
        await Engine.PurgeAsync("orders", dead: false, None);
        await ReopenAsync();
        (await PublishAsync("orders", "newer")).ShouldBe([7], "ids are never given twice");
    }

    [Fact]
    public async Task IdsOfDuplicatesAreForgottenWhenTheirTimeIsOver()
    {
        await DeclareAsync(new() { ["orders"] = Terms with { MaxMessages = 10_000 } });
        await Engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 5_000).Select(i => New("x", id: $"{i}"))], None);
        (await Embedded.RememberedAsync()).ShouldBe(5_000);
        Time.Advance(TimeSpan.FromMinutes(4));
        (await Embedded.RememberedAsync()).ShouldBe(5_000);
        await Until.HoldsAsync(async () => await Embedded.RememberedAsync() == 0, () => Time.Advance(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task AFileThatMayNotGrowRefusesProducersAndServesConsumers()
    {
        mostBytes = 256 << 10;
        await DeclareAsync(new() { ["orders"] = Terms with { MaxMessages = 1000 } });
        PublishAnswer answer;
        var stored = 0;
        while ((answer = await Engine.PublishAsync(new("orders"), [New(new string('x', 20_000))], None)).Status == QueueStatus.Done)
            stored++;
        answer.Status.ShouldBe(QueueStatus.DiskFull);
        answer.Why!.ShouldContain("full");
        var pulled = await PullAsync(1000);
        pulled.Count.ShouldBe(stored);
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((stored, 0));
        (await Engine.PublishAsync(new("orders"), [New("fits again")], None)).Status.ShouldBe(QueueStatus.Done);
    }
}
