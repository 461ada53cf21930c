namespace Mainstay.State.Queues.Rabbit;

/// <summary>Where the RabbitMQ engine keeps its messages, and how much of them it has in memory.</summary>
public sealed record RabbitQueuesOptions
{
    public required RabbitAddress Address { get; init; }

    /// <summary>Of the user; null for the one that RabbitMQ has for <c>guest</c>.</summary>
    public string? Password { get; init; }

    /// <summary>What the names of its queues at the broker begin with.</summary>
    public string Prefix { get; init; } = "mainstay.";

    /// <summary>Contents of messages kept in memory together, in bytes (default 64 MiB); others are asked of the broker when they are delivered.</summary>
    public long ContentBytes { get; init; } = 64L << 20;

    /// <summary>Messages that may be on their way to the broker (default 50,000); beyond it producers are refused.</summary>
    public int MaxWaiting { get; init; } = 50_000;

    /// <summary>How long an answer of the broker is waited for (default 10 s) before the connection is made anew.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of what goes wrong in the background; it may throw nothing.</summary>
    public Action<string>? OnTrouble { get; init; }
}
