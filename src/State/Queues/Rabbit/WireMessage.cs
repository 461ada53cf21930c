using System.Text;
using RabbitMQ.Client;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>A message as it lies at the broker: the body is the message's, everything else is in headers that say what they are.</summary>
sealed record WireMessage
{
    const string Prefix = "mainstay-";

    public required long Id { get; init; }

    /// <summary>Which engine accepted it.</summary>
    public required uint By { get; init; }

    public int Revision { get; init; }

    public required long AtMs { get; init; }

    public long DueMs { get; init; }

    public int Attempts { get; init; }

    public string? Key { get; init; }

    public int Priority { get; init; }

    public string? Why { get; init; }

    public string? Dedupe { get; init; }

    public long ReplayOf { get; init; }

    public required ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>The message of what the broker handed over; null where Mainstay has not written it.</summary>
    public static WireMessage? Read(IReadOnlyBasicProperties properties)
    {
        if (properties.Headers is not { } headers || Number(headers, "id") is not (> 0 and var id))
            return null;
        return new()
        {
            Id = id,
            By = (uint)Number(headers, "by"),
            Revision = (int)Number(headers, "revision"),
            AtMs = Number(headers, "at"),
            DueMs = Number(headers, "due"),
            Attempts = (int)Number(headers, "attempts"),
            Key = Text(headers, "key"),
            Priority = (int)Number(headers, "priority"),
            Why = Text(headers, "why"),
            Dedupe = Text(headers, "dedupe"),
            ReplayOf = Number(headers, "replay-of"),
            Head = headers.TryGetValue(Prefix + "head", out var head) && head is byte[] bytes ? bytes : "{}"u8.ToArray(),
        };
    }

    public BasicProperties Write()
    {
        var headers = new Dictionary<string, object?>(8, StringComparer.Ordinal) { [Prefix + "id"] = Id, [Prefix + "by"] = (long)By, [Prefix + "at"] = AtMs };
        void Add(string name, long value)
        {
            if (value != 0)
                headers[Prefix + name] = value;
        }

        void AddText(string name, string? value)
        {
            if (value is not null)
                headers[Prefix + name] = value;
        }

        Add("revision", Revision);
        Add("due", DueMs);
        Add("attempts", Attempts);
        Add("priority", Priority);
        Add("replay-of", ReplayOf);
        AddText("key", Key);
        AddText("why", Why);
        AddText("dedupe", Dedupe);
        if (!Head.Span.SequenceEqual("{}"u8))
            headers[Prefix + "head"] = Head.ToArray();
        return new() { DeliveryMode = DeliveryModes.Persistent, Headers = headers };
    }

    static long Number(IDictionary<string, object?> headers, string name) => headers.TryGetValue(Prefix + name, out var value) ? value switch { long wide => wide, int narrow => narrow, _ => 0 } : 0;

    static string? Text(IDictionary<string, object?> headers, string name) => headers.TryGetValue(Prefix + name, out var value) && value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : null;
}
