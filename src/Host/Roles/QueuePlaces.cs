using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Queues;
using Mainstay.State.Queues.Rabbit;

namespace Mainstay.Host.Roles;

/// <summary>Where messages of queues lie: a file of this server, or a RabbitMQ.</summary>
/// <param name="address">RabbitMQ's; null where the server was given none.</param>
/// <param name="password">Of the user in it.</param>
public sealed class QueuePlaces(string? address, string? password)
{
    /// <summary>The variable with RabbitMQ's address, <c>amqp://USER@HOST:PORT/VHOST</c>, several hosts with commas between them, <c>amqps://</c> for TLS.</summary>
    public const string AddressVariable = "MAINSTAY_QUEUES";

    /// <summary>The variable with its password: on a command line or in an address, others of the machine could see it.</summary>
    public const string PasswordVariable = "MAINSTAY_QUEUES_PASSWORD";

    /// <summary>As the variables say.</summary>
    public static QueuePlaces FromEnvironment() => new(Environment.GetEnvironmentVariable(AddressVariable), Environment.GetEnvironmentVariable(PasswordVariable));

    /// <summary>Opens an engine.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be opened; the message says what to do.</exception>
    public IQueueEngine Open(QueueEngineKind kind, string data, TimeProvider time, Action<string> onTrouble) => kind switch
    {
        QueueEngineKind.Embedded => EmbeddedQueues.Open(new() { Path = Path.Combine(data, "state", "queues.db"), Time = time }),
        _ => OpenRabbit(time, onTrouble),
    };

    // By itself, so that nothing of the library is loaded where no queue asks for it.
    RabbitQueues OpenRabbit(TimeProvider time, Action<string> onTrouble)
    {
        if (address is not { Length: > 0 })
        {
            throw new StoreUnavailableException($"a queue is declared for rabbitmq, and the server does not know where that is: start it with {AddressVariable}=amqp://USER@HOST:PORT/VHOST and {PasswordVariable}");
        }

        var place = RabbitAddress.Parse(address, out var why) ?? throw new StoreUnavailableException($"{AddressVariable}: {why}");
        return RabbitQueues.Open(new() { Address = place, Password = password, Time = time, OnTrouble = onTrouble });
    }
}
