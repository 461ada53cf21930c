using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>A copy of a message that the broker handed over.</summary>
/// <param name="Connection">On which; its tag is worth nothing on another.</param>
readonly record struct Handed(string Queue, long Connection, ulong Tag, IReadOnlyBasicProperties Properties, ReadOnlyMemory<byte> Body);

/// <summary>One connection to the broker, from its beginning to its loss: it holds the lock that keeps other servers out, writes with confirmation, takes, and lets go.</summary>
sealed class RabbitLink : IAsyncDisposable
{
    /// <summary>What one consumer may have without having let it go; the protocol has 16 bits for it.</summary>
    const int Prefetch = 60_000;

    /// <summary>The broker's code of a connection that is refused because another has the lock.</summary>
    const ushort Locked = 405;

    /// <summary>The type of a message that says nothing, and is deleted when it comes.</summary>
    const string Nothing = "mainstay.nothing";

    /// <summary>The broker's code of a queue that is not there.</summary>
    const ushort NotFound = 404;

    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    readonly IConnection connection;
    readonly IChannel giving;
    readonly IChannel taking;
    readonly Action<Handed> taken;
    readonly TimeSpan patience;
    readonly CancellationTokenSource lost = new();
    readonly Channel<(ulong Tag, bool Back)> letting = Channel.CreateUnbounded<(ulong, bool)>(new() { SingleReader = true });
    readonly Dictionary<string, int> consumers = new(StringComparer.Ordinal);
    Task lettingGo = Task.CompletedTask;
    long? made;

    RabbitLink(long number, IConnection connection, IChannel giving, IChannel taking, Action<Handed> taken, TimeSpan patience)
    {
        (Number, this.connection, this.giving, this.taking, this.taken, this.patience, Lost) = (number, connection, giving, taking, taken, patience, lost.Token);
        connection.ConnectionShutdownAsync += (_, _) => BreakAsync();
        giving.ChannelShutdownAsync += (_, _) => BreakAsync();
        taking.ChannelShutdownAsync += (_, _) => BreakAsync();
        connection.ConnectionBlockedAsync += (_, blocked) => Note(blocked.Reason);
        connection.ConnectionUnblockedAsync += (_, _) => Note(null);
    }

    public long Number { get; }

    /// <summary>Ends with the connection.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Why the broker takes no messages at the moment; null where it does.</summary>
    public string? Blocked { get; private set; }

    /// <summary>Connects, and takes the lock.</summary>
    /// <exception cref="BrokerClientException">It cannot be reached, or refuses.</exception>
    /// <exception cref="OperationInterruptedException">Another has the lock, or the user may not.</exception>
    public static async Task<RabbitLink> OpenAsync(RabbitQueuesOptions options, long number, Action<Handed> taken, CancellationToken stop)
    {
        var address = options.Address;
        var factory = new ConnectionFactory
        {
            UserName = address.User, Password = options.Password ?? "guest", VirtualHost = address.VirtualHost, AutomaticRecoveryEnabled = false, TopologyRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat, RequestedConnectionTimeout = options.Patience, ContinuationTimeout = options.Patience, HandshakeContinuationTimeout = options.Patience, ClientProvidedName = "mainstay",
        };
        // Each node shows a certificate of its own name.
        var nodes = address.Nodes.Select(n => new AmqpTcpEndpoint(n.Host, n.Port, new SslOption(n.Host, enabled: address.IsTls) { AcceptablePolicyErrors = SslPolicyErrors.None })).ToList();
        var connection = await factory.CreateConnectionAsync(nodes, stop);
        try
        {
            var giving = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null), stop);
            var taking = await connection.CreateChannelAsync(cancellationToken: stop);
            var link = new RabbitLink(number, connection, giving, taking, taken, options.Patience);
            // It is the connection's own, and goes with it, however that ends.
            await taking.QueueDeclareAsync(options.Prefix + "owner", durable: false, exclusive: true, autoDelete: true, cancellationToken: stop);
            await taking.BasicQosAsync(0, Prefetch, global: false, stop);
            link.lettingGo = link.LetGoAsync();
            return link;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether it was refused because another server has the queues.</summary>
    public static bool IsLocked(Exception refused) => refused is OperationInterruptedException { ShutdownReason.ReplyCode: Locked };

    /// <summary>Makes a quorum queue where there is none; it is to be relied on after <see cref="SettledAsync"/>.</summary>
    public async Task DeclareAsync(string queue, CancellationToken stop)
    {
        if (await IsThereAsync(queue, stop))
            return;
        // Being handed back is nothing against a message here; newer brokers give up on it after twenty times where nothing is said.
        await taking.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 1_000_000_000 }, cancellationToken: stop);
        made = TimeProvider.System.GetTimestamp();
    }

    /// <summary>Waits until a broker that is killed would have the queues that were made on this connection when it is back.</summary>
    /// <remarks>
    /// RabbitMQ 3.10 writes the directory of its quorum queues to the disk half a second after the last change. Killed before, it forgets the log of a new queue,
    /// with all messages that it had confirmed, and the queue never gets a leader again.
    /// </remarks>
    public async Task SettledAsync(CancellationToken stop)
    {
        if (made is { } at && Settling - TimeProvider.System.GetElapsedTime(at) is { Ticks: > 0 } left)
            await Task.Delay(left, TimeProvider.System, stop);
        made = null;
    }

    /// <summary>Whether it is one of those that say nothing.</summary>
    public static bool IsNothing(IReadOnlyBasicProperties properties) => properties.Type == Nothing;

    /// <summary>
    /// Waits until a queue has a leader and nobody else takes from it, and so has given back what was in its hands; gives the number of its messages.
    /// </summary>
    /// <remarks>
    /// A broker that has just started takes connections before its quorum queues have leaders, and counts until then without the end of their logs. The confirmation
    /// of a message tells that there is a leader, and that all that was written before is counted.
    /// </remarks>
    /// <exception cref="IOException">Somebody goes on taking from it.</exception>
    /// <exception cref="TimeoutException">It has no leader.</exception>
    public async Task<long> AloneAsync(string queue, CancellationToken stop)
    {
        try
        {
            await InTimeAsync(PublishAsync(queue, new() { DeliveryMode = DeliveryModes.Persistent, Type = Nothing }, default));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the queue '{queue}' takes no messages: it has no leader, or the broker is short of memory or disk");
        }

        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var standing = await taking.QueueDeclarePassiveAsync(queue, stop);
            if (standing.ConsumerCount == 0)
                return standing.MessageCount;
            if (TimeProvider.System.GetElapsedTime(began) > patience)
                throw new IOException($"others take messages from '{queue}', which belongs to Mainstay: end them");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, stop);
        }
    }

    /// <summary>Has everything of a queue handed over, now and later, as long as it has no more than this.</summary>
    public async Task TakeAsync(string queue, long most, CancellationToken stop)
    {
        for (var have = consumers.GetValueOrDefault(queue); have * (long)Prefetch < most; have++)
        {
            var consumer = new AsyncEventingBasicConsumer(taking);
            consumer.ReceivedAsync += (_, got) =>
            {
                taken(new(queue, Number, got.DeliveryTag, got.BasicProperties, got.Body.ToArray()));
                return Task.CompletedTask;
            };
            await taking.BasicConsumeAsync(queue, autoAck: false, consumer, stop);
            consumers[queue] = have + 1;
        }
    }

    /// <summary>Reads all of a queue; what is not to be kept is deleted, all else left as it is.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadAsync(string queue, Func<byte[], bool> keeps, CancellationToken stop)
    {
        await using var reading = await connection.CreateChannelAsync(cancellationToken: stop);
        await reading.BasicQosAsync(0, Prefetch, global: false, stop);
        var all = new List<(ulong Tag, byte[]? Body)>();
        var count = await AloneAsync(queue, stop);
        for (var consumer = 0; consumer <= count / Prefetch; consumer++)
        {
            var one = new AsyncEventingBasicConsumer(reading);
            one.ReceivedAsync += (_, got) =>
            {
                lock (all)
                    all.Add((got.DeliveryTag, IsNothing(got.BasicProperties) ? null : got.Body.ToArray()));
                return Task.CompletedTask;
            };
            await reading.BasicConsumeAsync(queue, autoAck: false, one, stop);
        }

        await DrainedAsync(queue, count, () =>
        {
            lock (all)
                return all.Count;
        }, stop);
        (ulong Tag, byte[]? Body)[] read;
        lock (all)
            read = [.. all];
        foreach (var (tag, _) in read.Where(r => r.Body is null || !keeps(r.Body)))
            await reading.BasicAckAsync(tag, multiple: false, stop);
        // The rest is back at its place when the channel is closed.
        await reading.CloseAsync(stop);
        return [.. read.Select(r => r.Body).OfType<byte[]>()];
    }

    /// <summary>Waits until as many have come as there were, or the broker has no more and none has come for a while: some may have been too old.</summary>
    public async Task DrainedAsync(string queue, long count, Func<int> come, CancellationToken stop)
    {
        var (quiet, before) = (0, -1);
        while (come() < count && quiet < 40)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, stop);
            var now = come();
            quiet = now == before && (await taking.QueueDeclarePassiveAsync(queue, stop)).MessageCount == 0 ? quiet + 1 : 0;
            before = now;
        }
    }

    /// <summary>Writes a message; it is on the disks of most of the queue's members when this ends.</summary>
    public Task PublishAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body) => giving.BasicPublishAsync("", queue, mandatory: true, properties, body, Lost).AsTask();

    /// <summary>What the broker has not confirmed in time is not waited for.</summary>
    public Task InTimeAsync(params IEnumerable<Task> confirmed) => Task.WhenAll(confirmed).WaitAsync(patience, TimeProvider.System);

    /// <summary>Whether something failed because of the broker, or the way to it.</summary>
    public static bool IsLoss(Exception failure) => failure is RabbitMQClientException or IOException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException;

    /// <summary>The broker may delete it.</summary>
    public void Drop((long Connection, ulong Tag) held) => Let(held, back: false);

    /// <summary>The broker takes it back, and hands it over again.</summary>
    public void Return((long Connection, ulong Tag) held) => Let(held, back: true);

    /// <summary>Gives the connection up.</summary>
    public async Task BreakAsync()
    {
        try
        {
            await lost.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It is over already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        letting.Writer.TryComplete();
        // What was said before goes out before.
        await lettingGo.WaitAsync(patience, TimeProvider.System).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await BreakAsync();
        try
        {
            await connection.CloseAsync(Constants.ReplySuccess, "done", TimeSpan.FromSeconds(2), abort: true);
        }
        catch (Exception closed) when (closed is IOException or RabbitMQClientException or ObjectDisposedException or TimeoutException or OperationCanceledException)
        {
            // It was lost before.
        }

        await connection.DisposeAsync();
        lost.Dispose();
    }

    async Task<bool> IsThereAsync(string queue, CancellationToken stop)
    {
        // Its answer is the channel's end where there is none.
        await using var asking = await connection.CreateChannelAsync(cancellationToken: stop);
        try
        {
            await asking.QueueDeclarePassiveAsync(queue, stop);
            return true;
        }
        catch (OperationInterruptedException none) when (none.ShutdownReason?.ReplyCode == NotFound)
        {
            return false;
        }
    }

    void Let((long Connection, ulong Tag) held, bool back)
    {
        if (held.Connection == Number && held.Tag != 0)
            letting.Writer.TryWrite((held.Tag, back));
    }

    async Task LetGoAsync()
    {
        try
        {
            await foreach (var (tag, back) in letting.Reader.ReadAllAsync(Lost))
            {
                if (back)
                    await taking.BasicNackAsync(tag, multiple: false, requeue: true, Lost);
                else
                    await taking.BasicAckAsync(tag, multiple: false, Lost);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or RabbitMQClientException or IOException or ObjectDisposedException)
        {
            // The broker hands over again what was not let go.
        }
    }

    Task Note(string? blocked)
    {
        Blocked = blocked;
        return Task.CompletedTask;
    }
}
