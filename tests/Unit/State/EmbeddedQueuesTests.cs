using System.Text;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The contract of <see cref="IQueueEngine"/>, and that the embedded engine keeps it over its end and beginning.</summary>
public sealed class EmbeddedQueuesTests : IAsyncDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();
    EmbeddedQueues engine;

    public EmbeddedQueuesTests() => engine = Open();

    static readonly CancellationToken None = CancellationToken.None;

    static MessageQueueSpec Terms => new() { DeadLetterAfter = 2, Visibility = TimeSpan.FromSeconds(30), Backoff = TimeSpan.FromSeconds(5), MaxMessages = 10 };

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task WhatIsPublishedIsPulledAndAcknowledgedOnce()
    {
        (await PublishAsync("orders", "one", "two")).ShouldBe([1, 2]);
        var pulled = await PullAsync(5);
        pulled.Select(Body).ShouldBe(["one", "two"]);
        (await PullAsync(5)).ShouldBeEmpty();
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((2, 0));
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((0, 2));
        engine.Figures().Single().ShouldSatisfyAllConditions(
            f => f.Published.ShouldBe(2), f => f.Delivered.ShouldBe(2), f => f.Acked.ShouldBe(2), f => f.Bytes.ShouldBe(0), f => f.Oldest.ShouldBe(TimeSpan.Zero));
    }

    [Fact]
    public async Task AConsumerWaitsForWhatComesAndLeavesWhenItsTimeIsOver()
    {
        var waiting = engine.PullAsync("orders", new(5, TimeSpan.FromSeconds(20)), None);
        await PublishAsync("orders", "one");
        var served = (await waiting).Messages!.ShouldHaveSingleItem();
        Body(served).ShouldBe("one");
        await SettleAsync(SettleAs.Ack, served);

        waiting = engine.PullAsync("orders", new(5, TimeSpan.FromSeconds(20)), None);
        (await Until.DoneAsync(waiting, () => time.Advance(TimeSpan.FromSeconds(1)))).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(QueueStatus.Done), a => a.Messages!.ShouldBeEmpty());
    }

    [Fact]
    public async Task WhatAConsumerIsServedWhoHasLeftGoesToTheNextOneAtOnce()
    {
        using var left = new CancellationTokenSource();
        var gone = engine.PullAsync("orders", new(1, TimeSpan.FromSeconds(20)), left.Token);
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => gone);
        await PublishAsync("orders", "one");
        (await PullAsync(1)).Single().Attempts.ShouldBe(1);
    }

    [Fact]
    public async Task ASilentConsumerLosesItsMessageAndItsReceipt()
    {
        await PublishAsync("orders", "one");
        var first = (await PullAsync(1)).Single();
        StoredMessage? second = null;
        await Until.HoldsAsync(async () => (second = (await PullAsync(1)).SingleOrDefault()) is not null, () => time.Advance(TimeSpan.FromSeconds(1)));
        (time.Elapsed >= TimeSpan.FromSeconds(35)).ShouldBeTrue("its visibility and the wait after it");
        second!.Attempts.ShouldBe(2);
        (await SettleAsync(SettleAs.Ack, first)).ShouldBe((0, 1));
        (await SettleAsync(SettleAs.Retry, second)).ShouldBe((1, 0));
        engine.Figures().Single().ShouldSatisfyAllConditions(f => f.Dead.ShouldBe(1), f => f.DeadLettered.ShouldBe(1), f => f.Retried.ShouldBe(2));
    }

    [Fact]
    public async Task ADeadLetterIsShownReplayedAndPurged()
    {
        await PublishAsync("orders", "one", "two");
        foreach (var message in await PullAsync(2))
            await SettleAsync(SettleAs.Dead, message);
        (await engine.PeekAsync("orders", MessageState.Dead, 0, 10, None)).Messages!.Select(m => $"{m.Id} {Body(m)}: {m.Why}").ShouldBe(["1 one: broken", "2 two: broken"]);
        (await engine.ReplayAsync("orders", [1, 99], None)).Count.ShouldBe(1);
        (await PullAsync(5)).Single().ShouldSatisfyAllConditions(m => Body(m).ShouldBe("one"), m => m.Attempts.ShouldBe(1), m => m.Id.ShouldBe(3));
        (await engine.PurgeAsync("orders", dead: true, None)).Count.ShouldBe(1);
        (await engine.PurgeAsync("orders", dead: false, None)).Count.ShouldBe(1);
        (await engine.PeekAsync("orders", null, 0, 10, None)).Messages!.ShouldBeEmpty();
    }

    [Fact]
    public async Task EverythingStandsAsBeforeWhenTheEngineIsOpenedAgain()
    {
        await engine.PublishAsync(new("orders"), [New("dead"), New("flying"), New("waits", key: "a"), New("behind", key: "a"), New("later") with { Delay = TimeSpan.FromMinutes(1) }], None);
        await SettleAsync(SettleAs.Dead, (await PullAsync(1)).Single());
        var flying = (await PullAsync(1)).Single();
        var before = await PeekAsync();
        var figures = engine.Figures().Single();
        await ReopenAsync();
        (await PeekAsync()).ShouldBe(before);
        engine.Figures().Single().ShouldSatisfyAllConditions(
            f => (f.Ready, f.Waiting, f.InFlight, f.Dead, f.Bytes).ShouldBe((1, 2, 1, 1, figures.Bytes)), f => (figures.Ready, figures.Waiting, figures.InFlight, figures.Dead).ShouldBe((1, 2, 1, 1)));
        (await SettleAsync(SettleAs.Ack, flying)).ShouldBe((1, 0));
        (await PublishAsync("orders", "new")).ShouldBe([6]);
        await engine.PurgeAsync("orders", dead: false, None);
        await ReopenAsync();
        (await PublishAsync("orders", "newer")).ShouldBe([7], "ids are never given twice");
    }

    [Fact]
    public async Task AnEventThatComesTwiceIsStoredOnceForAsLongAsTheQueueSays()
    {
        (await engine.PublishAsync(new("orders"), [New("one", id: "x")], None)).Duplicates.ShouldBe([false]);
        await ReopenAsync();
        (await engine.PublishAsync(new("orders"), [New("one", id: "x"), New("two", id: "y"), New("two", id: "y")], None)).ShouldSatisfyAllConditions(
            a => a.Ids.ShouldBe([1, 2, 2]), a => a.Duplicates.ShouldBe([true, false, true]));
        time.Advance(TimeSpan.FromMinutes(6));
        (await engine.PublishAsync(new("orders"), [New("one", id: "x")], None)).Duplicates.ShouldBe([false]);
    }

    [Fact]
    public async Task IdsOfDuplicatesAreForgottenWhenTheirTimeIsOver()
    {
        await DeclareAsync(new() { ["orders"] = Terms with { MaxMessages = 10_000 } });
        await engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 5_000).Select(i => New("x", id: $"{i}"))], None);
        (await engine.RememberedAsync()).ShouldBe(5_000);
        time.Advance(TimeSpan.FromMinutes(4));
        (await engine.RememberedAsync()).ShouldBe(5_000);
        await Until.HoldsAsync(async () => await engine.RememberedAsync() == 0, () => time.Advance(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task ATopicIsInAllOfItsQueuesOrInNone()
    {
        await DeclareAsync(new()
        {
            ["mail"] = Terms with { Topics = ["orders"], Types = ["order.*"] },
            ["stock"] = Terms with { Topics = ["orders", "goods"], MaxMessages = 2 },
        });
        await engine.PublishAsync(new("orders", IsTopic: true), [New("a", type: "order.made"), New("b", type: "invoice")], None);
        (await BodiesAsync("mail"), await BodiesAsync("stock")).ShouldBe(("a", "a b"));
        var full = await engine.PublishAsync(new("orders", IsTopic: true), [New("c", type: "order.made")], None);
        full.Status.ShouldBe(QueueStatus.Full);
        full.Why!.ShouldContain("'stock' holds 2 of 2 messages");
        (await BodiesAsync("mail"), await BodiesAsync("stock")).ShouldBe(("a", "a b"));
        (await engine.PublishAsync(new("nobody", IsTopic: true), [New("a")], None)).Status.ShouldBe(QueueStatus.Unknown);
    }

    [Fact]
    public async Task AFullQueueRefusesAllOfWhatIsSentTogetherAndDeadLettersCount()
    {
        (await engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 11).Select(i => New($"{i}"))], None)).Status.ShouldBe(QueueStatus.Full);
        engine.Figures().Single().ShouldSatisfyAllConditions(f => f.Refused.ShouldBe(11), f => f.Ready.ShouldBe(0));
        (await engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 10).Select(i => New($"{i}"))], None)).Status.ShouldBe(QueueStatus.Done);
        await SettleAsync(SettleAs.Dead, (await PullAsync(1)).Single());
        (await engine.PublishAsync(new("orders"), [New("more")], None)).Status.ShouldBe(QueueStatus.Full);
        await SettleAsync(SettleAs.Ack, (await PullAsync(1)).Single());
        (await engine.PublishAsync(new("orders"), [New("more")], None)).Status.ShouldBe(QueueStatus.Done);
        (await engine.PublishAsync(new("orders"), [New(new string('x', 300 << 10))], None)).Status.ShouldBe(QueueStatus.TooLarge);
    }

    [Fact]
    public async Task AQueueThatIsNotDeclaredKeepsWhatItHas()
    {
        await PublishAsync("orders", "one");
        await DeclareAsync([]);
        (await engine.PublishAsync(new("orders"), [New("two")], None)).Status.ShouldBe(QueueStatus.Unknown);
        (await engine.PullAsync("orders", new(1, TimeSpan.Zero), None)).Status.ShouldBe(QueueStatus.Unknown);
        await DeclareAsync(new() { ["orders"] = Terms });
        (await PullAsync(1)).Select(Body).ShouldBe(["one"]);
    }

    [Fact]
    public async Task AFileThatMayNotGrowRefusesProducersAndServesConsumers()
    {
        await engine.DisposeAsync();
        engine = EmbeddedQueues.Open(new() { Path = folder["small.db"], Time = time, MaxFileBytes = 256 << 10 });
        await DeclareAsync(new() { ["orders"] = Terms with { MaxMessages = 1000 } });
        PublishAnswer answer;
        var stored = 0;
        while ((answer = await engine.PublishAsync(new("orders"), [New(new string('x', 20_000))], None)).Status == QueueStatus.Done)
            stored++;
        answer.Status.ShouldBe(QueueStatus.DiskFull);
        answer.Why!.ShouldContain("full");
        var pulled = await PullAsync(1000);
        pulled.Count.ShouldBe(stored);
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((stored, 0));
        (await engine.PublishAsync(new("orders"), [New("fits again")], None)).Status.ShouldBe(QueueStatus.Done);
    }

    EmbeddedQueues Open()
    {
        var opened = EmbeddedQueues.Open(new() { Path = folder["queues.db"], Time = time });
        opened.Declare(new Dictionary<string, MessageQueueSpec> { ["orders"] = Terms });
        return opened;
    }

    async Task ReopenAsync()
    {
        await engine.DisposeAsync();
        engine = Open();
        await engine.PeekAsync("orders", null, 0, 1, None);
    }

    // What is asked later is done later, so the declaration holds.
    async Task DeclareAsync(Dictionary<string, MessageQueueSpec> queues)
    {
        engine.Declare(queues);
        await engine.PeekAsync("orders", null, 0, 1, None);
    }

    async Task<IReadOnlyList<long>> PublishAsync(string queue, params string[] bodies) =>
        (await engine.PublishAsync(new(queue), [.. bodies.Select(b => New(b))], None)).Ids.ShouldNotBeNull();

    async Task<IReadOnlyList<StoredMessage>> PullAsync(int most) => (await engine.PullAsync("orders", new(most, TimeSpan.Zero), None)).Messages.ShouldNotBeNull();

    async Task<(int Settled, int Gone)> SettleAsync(SettleAs how, params StoredMessage[] messages)
    {
        var answer = await engine.SettleAsync("orders", [.. messages.Select(m => new Settlement(m.Receipt, how, Why: "broken"))], None);
        return (answer.Settled, answer.Gone!.Count);
    }

    async Task<string> BodiesAsync(string queue) => string.Join(' ', (await engine.PeekAsync(queue, null, 0, 10, None)).Messages!.Select(Body));

    async Task<IReadOnlyList<string>> PeekAsync() =>
        [.. (await engine.PeekAsync("orders", null, 0, 100, None)).Messages!.Select(m => $"{m.Id} {m.State} {m.Attempts} {m.Key} {m.At:O} {(m.State is MessageState.InFlight or MessageState.Later ? m.Due.ToString("O") : "")} {m.Why} {Body(m)}")];

    static NewMessage New(string body, string? id = null, string? key = null, string type = "") =>
        new() { DedupeId = id, Key = key, Type = type, Head = "{}"u8.ToArray(), Body = Encoding.UTF8.GetBytes(body) };

    static string Body(StoredMessage message) => Encoding.UTF8.GetString(message.Body.Span);
}
