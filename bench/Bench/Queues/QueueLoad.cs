using System.Diagnostics;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Queues;
using Mainstay.State.Queues.Rabbit;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Mainstay.Bench.Queues;

/// <summary>Messages in and out of a durable queue: the embedded engine, our engine over RabbitMQ, and a quorum queue of the same RabbitMQ by itself, in alternating rounds.</summary>
static class QueueLoad
{
    const int Producers = 4;
    const int Consumers = 4;
    const int Batch = 100;
    const int Bytes = 256;

    public static async Task<int> RunAsync(string[] args)
    {
        string? Given(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        var (path, amqp) = (Given("--path") ?? Path.GetTempPath(), Given("--amqp"));
        var (rounds, seconds) = (int.Parse(Given("--rounds") ?? "3", CultureInfo.InvariantCulture), int.Parse(Given("--seconds") ?? "4", CultureInfo.InvariantCulture));
        Console.WriteLine($"{Producers} producers, {Consumers} consumers, {Bytes} bytes, {Batch} messages between waits for the disk, {seconds} s a round");
        for (var round = 1; round <= rounds; round++)
        {
            var own = await OursAsync(EmbeddedQueues.Open(new() { Path = Path.Combine(path, $"queues-{round}.db") }), seconds);
            Console.WriteLine($"round {round}: embedded {own:n0} messages/s in and out");
            if (amqp is not null)
            {
                var rabbit = await RabbitAsync(amqp, round, seconds);
                Console.WriteLine($"round {round}: RabbitMQ {rabbit:n0} messages/s in and out, embedded is {own / Math.Max(1, rabbit):0.00} times that");
                var over = await OursAsync(RabbitQueues.Open(new() { Address = RabbitAddress.Parse(amqp, out var why) ?? throw new ArgumentException(why), Prefix = $"bench-{round}." }), seconds);
                Console.WriteLine($"round {round}: Mainstay over RabbitMQ {over:n0} messages/s in and out, {over / Math.Max(1, rabbit):0.00} times RabbitMQ by itself");
            }
        }

        return 0;
    }

    static async Task<double> OursAsync(IQueueEngine engine, int seconds)
    {
        await using var closing = engine;
        engine.Declare(new Dictionary<string, MessageQueueSpec> { ["load"] = new() { MaxMessages = 1_000_000, MaxBytes = new ByteSize(4L << 30) } });
        using var stop = new CancellationTokenSource();
        var (acked, waiting) = (0L, 0L);
        var producers = Enumerable.Range(0, Producers).Select(_ => Task.Run(async () =>
        {
            var batch = Enumerable.Range(0, Batch).Select(_ => new NewMessage { Head = "{}"u8.ToArray(), Body = new byte[Bytes] }).ToArray();
            while (!stop.IsCancellationRequested)
            {
                if ((await engine.PublishAsync(new("load"), batch, CancellationToken.None)).Status != QueueStatus.Done) throw new InvalidOperationException("a batch was refused");
                // As a producer that keeps step with the consumers, so that in is out.
                while (Interlocked.Read(ref waiting) > 20_000 && !stop.IsCancellationRequested) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
                Interlocked.Add(ref waiting, Batch);
            }
        })).ToArray();
        var consumers = Enumerable.Range(0, Consumers).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var pulled = (await engine.PullAsync("load", new(Batch, TimeSpan.FromMilliseconds(100)), CancellationToken.None)).Messages!;
                if (pulled.Count == 0) continue;
                var settled = await engine.SettleAsync("load", [.. pulled.Select(m => new Settlement(m.Receipt, SettleAs.Ack))], CancellationToken.None);
                Interlocked.Add(ref acked, settled.Settled);
                Interlocked.Add(ref waiting, -settled.Settled);
            }
        })).ToArray();
        var rate = await MeasureAsync(() => Interlocked.Read(ref acked), seconds);
        await stop.CancelAsync();
        await Task.WhenAll([.. producers, .. consumers]);
        return rate;
    }

    static async Task<double> RabbitAsync(string amqp, int round, int seconds)
    {
        var queue = $"load-{round}";
        await using var connection = await new ConnectionFactory { Uri = new Uri(amqp) }.CreateConnectionAsync();
        await using var setup = await connection.CreateChannelAsync();
        await setup.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        using var stop = new CancellationTokenSource();
        var (acked, waiting) = (0L, 0L);
        for (var consumer = 0; consumer < Consumers; consumer++)
        {
            var channel = await connection.CreateChannelAsync();
            await channel.BasicQosAsync(0, 500, false);
            var taker = new AsyncEventingBasicConsumer(channel);
            var taken = 0;
            taker.ReceivedAsync += async (_, delivery) =>
            {
                if (++taken % Batch != 0) return;
                await channel.BasicAckAsync(delivery.DeliveryTag, multiple: true);
                Interlocked.Add(ref acked, Batch);
                Interlocked.Add(ref waiting, -Batch);
            };
            await channel.BasicConsumeAsync(queue, autoAck: false, taker);
        }

        var producers = Enumerable.Range(0, Producers).Select(_ => Task.Run(async () =>
        {
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
            var (body, properties) = (new byte[Bytes], new BasicProperties { DeliveryMode = DeliveryModes.Persistent });
            while (!stop.IsCancellationRequested)
            {
                await Task.WhenAll(Enumerable.Range(0, Batch).Select(_ => channel.BasicPublishAsync("", queue, mandatory: false, properties, body).AsTask()));
                while (Interlocked.Read(ref waiting) > 20_000 && !stop.IsCancellationRequested) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
                Interlocked.Add(ref waiting, Batch);
            }
        })).ToArray();
        var rate = await MeasureAsync(() => Interlocked.Read(ref acked), seconds);
        await stop.CancelAsync();
        await Task.WhenAll(producers);
        await setup.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: false);
        return rate;
    }

    static async Task<double> MeasureAsync(Func<long> count, int seconds)
    {
        // A queue that is new to RabbitMQ takes nothing for its first two seconds.
        for (var tries = 0; count() == 0; tries++)
        {
            if (tries == 3000) throw new InvalidOperationException("nothing has come through within 30 seconds");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        var (before, began) = (count(), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        return (count() - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
