using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Mainstay.State.Queues.Rabbit;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>The engine on RabbitMQ keeps the contract, on a real broker, and keeps it over its own end and that of the broker.</summary>
[Collection(RabbitTests.Name)]
public sealed class RabbitQueuesTests : QueueEngineConformance
{
    RabbitQueuesOptions options;

    public RabbitQueuesTests(RabbitServer server) => options = server.Options(Time);

    protected override IQueueEngine Open() => RabbitQueues.Open(options);

    protected override async ValueTask CleanAsync()
    {
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var name in new[] { "notes", "intake", "queue.orders", "dead.orders", "queue.mail", "dead.mail", "queue.stock", "dead.stock" })
            await channel.QueueDeleteAsync(options.Prefix + name, ifUnused: false, ifEmpty: false);
    }

    [Fact]
    public async Task WhatWasInFlightComesAgainAtOnceWhenTheEngineIsOpenedAgainAndAllElseStands()
    {
        await Engine.PublishAsync(new("orders"), [New("dead"), New("flying"), New("waits", key: "a"), New("behind", key: "a"), New("later") with { Delay = TimeSpan.FromMinutes(1) }], None);
        await SettleAsync(SettleAs.Dead, (await PullAsync(1)).Single());
        var flying = (await PullAsync(1)).Single();
        var before = Engine.Figures().Single();
        (before.Ready, before.Waiting, before.InFlight, before.Dead).ShouldBe((1, 2, 1, 1));
        await ReopenAsync();
        Engine.Figures().Single().ShouldSatisfyAllConditions(f => (f.Ready, f.Waiting, f.InFlight, f.Dead).ShouldBe((2, 2, 0, 1)), f => f.Bytes.ShouldBe(before.Bytes));
        (await PeekAsync()).Select(m => m.Split(' ')).Select(m => $"{m[0]} {m[1]} {m[2]} {m[^1]}").ShouldBe(["1 Dead 1 dead", "2 Ready 0 flying", "3 Ready 0 waits", "4 Behind 0 behind", "5 Later 0 later"]);
        (await SettleAsync(SettleAs.Ack, flying)).ShouldBe((0, 1), "its receipt has ended");
        (await PullAsync(1)).Select(Body).ShouldBe(["flying"]);
        (await PublishAsync("orders", "new")).ShouldBe([6]);
        await Engine.PurgeAsync("orders", dead: false, None);
        await ReopenAsync();
        (await PublishAsync("orders", "newer")).ShouldBe([7], "ids are never given twice");
    }

    [Fact]
    public async Task ARetryIsCountedOverTheEndOfTheEngine()
    {
        await PublishAsync("orders", "one");
        await SettleAsync(SettleAs.Retry, (await PullAsync(1)).Single());
        await ReopenAsync();
        (await PeekAsync()).Single().ShouldSatisfyAllConditions(m => m.ShouldStartWith("1 Later 1"), m => m.ShouldEndWith("broken one"));
        Time.Advance(TimeSpan.FromSeconds(6));
        IReadOnlyList<StoredMessage> again = [];
        await Until.HoldsAsync(async () => (again = await PullAsync(1)).Count == 1);
        again.Single().Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task WhatDoesNotFitIntoMemoryIsAskedOfTheBrokerWhenItIsTaken()
    {
        options = options with { ContentBytes = 10 };
        foreach (var body in new[] { "first of them", "second of them", "third of them" })
            await PublishAsync("orders", body);
        (await PullAsync(2)).Select(Body).ShouldBe(["first of them", "second of them"]);
        await ReopenAsync();
        (await PullAsync(3)).Select(Body).ShouldBe(["first of them", "second of them", "third of them"]);
    }

    [Fact]
    public async Task WhatIsHeldForLongIsGivenBackAndStaysWhatItIs()
    {
        await DeclareAsync(new() { ["orders"] = Terms with { Visibility = TimeSpan.FromHours(2) } });
        await PublishAsync("orders", "one", "two");
        var flying = (await PullAsync(1)).Single();
        Time.Advance(TimeSpan.FromMinutes(11));
        Time.Advance(TimeSpan.FromMinutes(11));
        (await SettleAsync(SettleAs.Ack, flying)).ShouldBe((1, 0));
        (await PullAsync(2)).Select(m => $"{Body(m)} {m.Attempts}").ShouldBe(["two 1"]);
    }

    [Fact]
    public async Task WhatOthersPutIntoTheQueueAtTheBrokerIsAMessageToo()
    {
        await PublishAsync("orders", "ours");
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync("", options.Prefix + "queue.orders", mandatory: true, new BasicProperties { MessageId = "m-1", Headers = new Dictionary<string, object?> { ["cloudEvents:specversion"] = "1.0", ["cloudEvents:id"] = "x", ["cloudEvents:source"] = "/far", ["cloudEvents:type"] = "order.made", ["cloudEvents:partitionkey"] = "ann" } }, "theirs"u8.ToArray());
        await Until.HoldsAsync(() => Engine.Figures().Single().Ready == 2);
        var pulled = await PullAsync(5);
        pulled.Select(m => $"{m.Id} {Body(m)} {m.Key}").ShouldBe(["1 ours ", "2 theirs ann"]);
        CloudEvents.Describe(pulled[1], "orders").Attributes.ShouldContain(("type", "order.made"));
        await SettleAsync(SettleAs.Ack, [.. pulled]);
        await ReopenAsync();
        (await PullAsync(5)).ShouldBeEmpty();
    }

    [Fact]
    public async Task OfTwoEnginesOneHasTheQueuesAndTheOtherSaysSo()
    {
        await PublishAsync("orders", "one");
        await using var second = RabbitQueues.Open(options with { Patience = TimeSpan.FromSeconds(1) });
        second.Declare(new Dictionary<string, MessageQueueSpec> { ["orders"] = Terms });
        PullAnswer? refused = null;
        await Until.HoldsAsync(async () => (refused = await second.PullAsync("orders", new(1, TimeSpan.Zero), None)).Why?.Contains("another Mainstay", StringComparison.Ordinal) == true);
        refused!.Status.ShouldBe(QueueStatus.Unavailable);
        await Engine.DisposeAsync();
        await Until.HoldsAsync(async () => (await second.PullAsync("orders", new(1, TimeSpan.Zero), None)).Messages is { Count: 1 });
    }

    [Theory]
    [InlineData("amqp://u@h", "amqp://h:5672 u /")]
    [InlineData("amqps://mainstay@a.example,b.example:5673/shop", "amqps://a.example:5671,b.example:5673 mainstay shop")]
    [InlineData("amqp://127.0.0.1:5672/%2Fx", "amqp://127.0.0.1:5672 guest /x")]
    [InlineData("amqp://u:secret@h", "the address has a password in it, which others may see: give it apart, in MAINSTAY_QUEUES_PASSWORD")]
    [InlineData("http://h", "write amqp://USER@HOST:PORT/VHOST, several hosts with ',' between them, or amqps:// for TLS")]
    [InlineData("amqp://h:0", "write amqp://USER@HOST:PORT/VHOST, several hosts with ',' between them, or amqps:// for TLS")]
    [InlineData("amqp://@h", "write amqp://USER@HOST:PORT/VHOST, several hosts with ',' between them, or amqps:// for TLS")]
    public void AnAddressIsReadOrRefused(string text, string told) =>
        (RabbitAddress.Parse(text, out var why) is { } address ? $"{address} {address.User} {address.VirtualHost}" : why).ShouldBe(told);

    [Theory]
    [InlineData(true, -1, 0, false, false, true, Arrival.Hold)]
    [InlineData(true, 0, 1, false, false, true, Arrival.Hold)]
    [InlineData(true, 1, 0, false, false, true, Arrival.Drop)]
    [InlineData(true, 1, 0, false, true, false, Arrival.Drop)]
    [InlineData(false, -1, 0, false, true, false, Arrival.Enter)]
    [InlineData(false, -1, 0, true, true, false, Arrival.Drop)]
    [InlineData(false, -1, 0, false, false, true, Arrival.Drop)]
    [InlineData(false, -1, 0, false, false, false, Arrival.Enter)]
    [InlineData(false, -1, 5, true, false, false, Arrival.Drop)]
    public void ACopyIsHeldEnteredOrDropped(bool isKnown, int held, int revision, bool isSettled, bool isLoading, bool isOurs, Arrival follows) =>
        ArrivalDecide.Of(isKnown, held, revision, isSettled, isLoading, isOurs).ShouldBe(follows);

    [Fact]
    public void NotesAndEnvelopesComeBackAsTheyWereAndNothingElseIsTakenForOne()
    {
        var note = RabbitNote.Of(7, 99, [5, 3, 4, 9, -3], [new(UInt128.MaxValue, 5, 17)]);
        note.Ended.ShouldBe([(-3, -3), (3, 5), (9, 9)]);
        var bytes = note.Encode();
        RabbitNote.Decode(bytes).ShouldNotBeNull().ShouldSatisfyAllConditions(n => n.Ended.ShouldBe(note.Ended), n => n.Seen.ShouldBe(note.Seen), n => (n.Owner, n.LastId, n.IsOpening).ShouldBe((7u, 99L, false)));
        var envelope = new Envelope(7, -3, [new("k", null, 2, "{}"u8.ToArray(), "body"u8.ToArray())], [new("orders", 0, 3, 1, 0), new("mail", 0, 4, 1, 2)]);
        var packed = envelope.Encode();
        Envelope.Decode(packed).ShouldNotBeNull().ShouldSatisfyAllConditions(e => e.Members.ShouldBe(envelope.Members), e => e.Contents.Single().Body.ToArray().ShouldBe("body"u8.ToArray()), e => e.Id.ShouldBe(-3));
        for (var length = 0; length < packed.Length; length++)
            Envelope.Decode(packed.AsMemory(0, length)).ShouldBeNull();
        for (var length = 0; length < bytes.Length - 32; length++)
            RabbitNote.Decode(bytes.AsMemory(0, length)).ShouldBeNull();

        var ids = new IdRanges();
        ids.Set([(5, 9), (1, 2), (8, 12), (-4, -4)]);
        ids.Add(20);
        Enumerable.Range(-5, 27).Where(i => ids.Contains(i)).ShouldBe([-4, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 20]);
    }

    Task<IConnection> ConnectAsync() => new ConnectionFactory { HostName = options.Address.Nodes[0].Host, Port = options.Address.Nodes[0].Port }.CreateConnectionAsync();
}
