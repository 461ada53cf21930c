using System.Text;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The contract of <see cref="IQueueEngine"/>, which every engine keeps.</summary>
public abstract class QueueEngineConformance : IAsyncDisposable
{
    protected static readonly CancellationToken None = CancellationToken.None;

    IQueueEngine? opened;

    protected FakeTime Time { get; } = new();

    protected IQueueEngine Engine => opened ??= OpenDeclared();

    protected static MessageQueueSpec Terms => new() { DeadLetterAfter = 2, Visibility = TimeSpan.FromSeconds(30), Backoff = TimeSpan.FromSeconds(5), MaxMessages = 10 };

    public async ValueTask DisposeAsync()
    {
        if (opened is not null)
            await opened.DisposeAsync();
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the engine where this test's messages are.</summary>
    protected abstract IQueueEngine Open();

    /// <summary>Removes them.</summary>
    protected abstract ValueTask CleanAsync();

    [Fact]
    public async Task WhatIsPublishedIsPulledAndAcknowledgedOnce()
    {
        (await PublishAsync("orders", "one", "two")).ShouldBe([1, 2]);
        var pulled = await PullAsync(5);
        pulled.Select(Body).ShouldBe(["one", "two"]);
        (await PullAsync(5)).ShouldBeEmpty();
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((2, 0));
        (await SettleAsync(SettleAs.Ack, [.. pulled])).ShouldBe((0, 2));
        Engine.Figures().Single().ShouldSatisfyAllConditions(
            f => f.Published.ShouldBe(2), f => f.Delivered.ShouldBe(2), f => f.Acked.ShouldBe(2), f => f.Bytes.ShouldBe(0), f => f.Oldest.ShouldBe(TimeSpan.Zero));
    }

    [Fact]
    public async Task AConsumerWaitsForWhatComesAndLeavesWhenItsTimeIsOver()
    {
        var waiting = Engine.PullAsync("orders", new(5, TimeSpan.FromSeconds(20)), None);
        await PublishAsync("orders", "one");
        var served = (await waiting).Messages!.ShouldHaveSingleItem();
        Body(served).ShouldBe("one");
        await SettleAsync(SettleAs.Ack, served);

        waiting = Engine.PullAsync("orders", new(5, TimeSpan.FromSeconds(20)), None);
        (await Until.DoneAsync(waiting, () => Time.Advance(TimeSpan.FromSeconds(1)))).ShouldSatisfyAllConditions(a => a.Status.ShouldBe(QueueStatus.Done), a => a.Messages!.ShouldBeEmpty());
    }

    [Fact]
    public async Task WhatAConsumerIsServedWhoHasLeftGoesToTheNextOneAtOnce()
    {
        using var left = new CancellationTokenSource();
        var gone = Engine.PullAsync("orders", new(1, TimeSpan.FromSeconds(20)), left.Token);
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
        await Until.HoldsAsync(async () => (second = (await PullAsync(1)).SingleOrDefault()) is not null, () => Time.Advance(TimeSpan.FromSeconds(1)));
        (Time.Elapsed >= TimeSpan.FromSeconds(35)).ShouldBeTrue("its visibility and the wait after it");
        second!.Attempts.ShouldBe(2);
        (await SettleAsync(SettleAs.Ack, first)).ShouldBe((0, 1));
        (await SettleAsync(SettleAs.Retry, second)).ShouldBe((1, 0));
        Engine.Figures().Single().ShouldSatisfyAllConditions(f => f.Dead.ShouldBe(1), f => f.DeadLettered.ShouldBe(1), f => f.Retried.ShouldBe(2));
    }

    [Fact]
    public async Task ADeadLetterIsShownReplayedAndPurged()
    {
        await PublishAsync("orders", "one", "two");
        foreach (var message in await PullAsync(2))
            await SettleAsync(SettleAs.Dead, message);
        (await Engine.PeekAsync("orders", MessageState.Dead, 0, 10, None)).Messages!.Select(m => $"{m.Id} {Body(m)}: {m.Why}").ShouldBe(["1 one: broken", "2 two: broken"]);
        (await Engine.ReplayAsync("orders", [1, 99], None)).Count.ShouldBe(1);
        (await PullAsync(5)).Single().ShouldSatisfyAllConditions(m => Body(m).ShouldBe("one"), m => m.Attempts.ShouldBe(1), m => m.Id.ShouldBe(3));
        (await Engine.PurgeAsync("orders", dead: true, None)).Count.ShouldBe(1);
        (await Engine.PurgeAsync("orders", dead: false, None)).Count.ShouldBe(1);
        (await Engine.PeekAsync("orders", null, 0, 10, None)).Messages!.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnEventThatComesTwiceIsStoredOnceForAsLongAsTheQueueSays()
    {
        (await Engine.PublishAsync(new("orders"), [New("one", id: "x")], None)).Duplicates.ShouldBe([false]);
        await ReopenAsync();
        (await Engine.PublishAsync(new("orders"), [New("one", id: "x"), New("two", id: "y"), New("two", id: "y")], None)).ShouldSatisfyAllConditions(
            a => a.Ids.ShouldBe([1, 2, 2]), a => a.Duplicates.ShouldBe([true, false, true]));
        Time.Advance(TimeSpan.FromMinutes(6));
        (await Engine.PublishAsync(new("orders"), [New("one", id: "x")], None)).Duplicates.ShouldBe([false]);
    }

    [Fact]
    public async Task ATopicIsInAllOfItsQueuesOrInNone()
    {
        await DeclareAsync(new()
        {
            ["mail"] = Terms with { Topics = ["orders"], Types = ["order.*"] },
            ["stock"] = Terms with { Topics = ["orders", "goods"], MaxMessages = 2 },
        });
        await Engine.PublishAsync(new("orders", IsTopic: true), [New("a", type: "order.made"), New("b", type: "invoice")], None);
        (await BodiesAsync("mail"), await BodiesAsync("stock")).ShouldBe(("a", "a b"));
        var full = await Engine.PublishAsync(new("orders", IsTopic: true), [New("c", type: "order.made")], None);
        full.Status.ShouldBe(QueueStatus.Full);
        full.Why!.ShouldContain("'stock' holds 2 of 2 messages");
        (await BodiesAsync("mail"), await BodiesAsync("stock")).ShouldBe(("a", "a b"));
        (await Engine.PublishAsync(new("nobody", IsTopic: true), [New("a")], None)).Status.ShouldBe(QueueStatus.Unknown);
    }

    [Fact]
    public async Task AFullQueueRefusesAllOfWhatIsSentTogetherAndDeadLettersCount()
    {
        (await Engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 11).Select(i => New($"{i}"))], None)).Status.ShouldBe(QueueStatus.Full);
        Engine.Figures().Single().ShouldSatisfyAllConditions(f => f.Refused.ShouldBe(11), f => f.Ready.ShouldBe(0));
        (await Engine.PublishAsync(new("orders"), [.. Enumerable.Range(0, 10).Select(i => New($"{i}"))], None)).Status.ShouldBe(QueueStatus.Done);
        await SettleAsync(SettleAs.Dead, (await PullAsync(1)).Single());
        (await Engine.PublishAsync(new("orders"), [New("more")], None)).Status.ShouldBe(QueueStatus.Full);
        await SettleAsync(SettleAs.Ack, (await PullAsync(1)).Single());
        (await Engine.PublishAsync(new("orders"), [New("more")], None)).Status.ShouldBe(QueueStatus.Done);
        (await Engine.PublishAsync(new("orders"), [New(new string('x', 300 << 10))], None)).Status.ShouldBe(QueueStatus.TooLarge);
    }

    [Fact]
    public async Task AQueueThatIsNotDeclaredKeepsWhatItHas()
    {
        await PublishAsync("orders", "one");
        await DeclareAsync([]);
        (await Engine.PublishAsync(new("orders"), [New("two")], None)).Status.ShouldBe(QueueStatus.Unknown);
        (await Engine.PullAsync("orders", new(1, TimeSpan.Zero), None)).Status.ShouldBe(QueueStatus.Unknown);
        await DeclareAsync(new() { ["orders"] = Terms });
        (await PullAsync(1)).Select(Body).ShouldBe(["one"]);
    }

    IQueueEngine OpenDeclared()
    {
        var engine = Open();
        engine.Declare(new Dictionary<string, MessageQueueSpec> { ["orders"] = Terms });
        return engine;
    }

    protected async Task ReopenAsync()
    {
        await Engine.DisposeAsync();
        opened = null;
        await Engine.PeekAsync("orders", null, 0, 1, None);
    }

    // What is asked later is done later, so the declaration holds.
    protected async Task DeclareAsync(Dictionary<string, MessageQueueSpec> queues)
    {
        Engine.Declare(queues);
        await Engine.PeekAsync("orders", null, 0, 1, None);
    }

    protected async Task<IReadOnlyList<long>> PublishAsync(string queue, params string[] bodies) =>
        (await Engine.PublishAsync(new(queue), [.. bodies.Select(b => New(b))], None)).Ids.ShouldNotBeNull();

    protected async Task<IReadOnlyList<StoredMessage>> PullAsync(int most) => (await Engine.PullAsync("orders", new(most, TimeSpan.Zero), None)).Messages.ShouldNotBeNull();

    protected async Task<(int Settled, int Gone)> SettleAsync(SettleAs how, params StoredMessage[] messages)
    {
        var answer = await Engine.SettleAsync("orders", [.. messages.Select(m => new Settlement(m.Receipt, how, Why: "broken"))], None);
        return (answer.Settled, answer.Gone!.Count);
    }

    async Task<string> BodiesAsync(string queue) => string.Join(' ', (await Engine.PeekAsync(queue, null, 0, 10, None)).Messages!.Select(Body));

    protected async Task<IReadOnlyList<string>> PeekAsync() =>
        [.. (await Engine.PeekAsync("orders", null, 0, 100, None)).Messages!.Select(m => $"{m.Id} {m.State} {m.Attempts} {m.Key} {m.At:O} {(m.State is MessageState.InFlight or MessageState.Later ? m.Due.ToString("O") : "")} {m.Why} {Body(m)}")];

    protected static NewMessage New(string body, string? id = null, string? key = null, string type = "") =>
        new() { DedupeId = id, Key = key, Type = type, Head = "{}"u8.ToArray(), Body = Encoding.UTF8.GetBytes(body) };

    protected static string Body(StoredMessage message) => Encoding.UTF8.GetString(message.Body.Span);
}
