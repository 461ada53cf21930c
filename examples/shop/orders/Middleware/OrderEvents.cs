using System.Text.Json;
using RabbitMQ.Client;

namespace Shop.Orders.Middleware;

/// <summary>Sends each order that has come to its end to the queue <c>order-events</c>. While RabbitMQ is away events are lost, which is told in the log.</summary>
sealed class OrderEvents(IConfiguration settings, ILogger<OrderEvents> log) : IEvents, IAsyncDisposable
{
    const string Queue = "order-events";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim one = new(1);
    IConnection? connection;
    IChannel? channel;

    public async Task Tell(Order order)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await one.WaitAsync(limit.Token);
            try
            {
                var open = channel is { IsOpen: true } ready ? ready : await Open(limit.Token);
                await open.BasicPublishAsync(Queue, Queue, JsonSerializer.SerializeToUtf8Bytes(order, Json.Default.Order), limit.Token);
            }
            finally
            {
                one.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or RabbitMQ.Client.Exceptions.RabbitMQClientException)
        {
            log.LogWarning("Nobody is told of order {Id}: {Why}", order.Id, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
            await connection.DisposeAsync();
    }

    async Task<IChannel> Open(CancellationToken stop)
    {
        if (connection is not { IsOpen: true })
        {
            if (connection is not null)
                await connection.DisposeAsync();
            var factory = new ConnectionFactory { Uri = new(settings["EVENTS"] ?? "amqp://127.0.0.1:5672"), AutomaticRecoveryEnabled = false, RequestedConnectionTimeout = Patience };
            connection = await factory.CreateConnectionAsync(stop);
        }

        channel = await connection.CreateChannelAsync(cancellationToken: stop);
        await channel.ExchangeDeclareAsync(Queue, ExchangeType.Direct, durable: true, cancellationToken: stop);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: stop);
        await channel.QueueBindAsync(Queue, Queue, Queue, cancellationToken: stop);
        return channel;
    }
}
