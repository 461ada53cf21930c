namespace Mainstay.Core.Kinds.State;

/// <summary>A queue as the manifest declares it: messages that are stored durably, and delivered at least once to one of those who take from it.</summary>
public sealed record MessageQueueSpec
{
    /// <summary>The longest a message can be held back, by a delay or between two deliveries.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>The highest priority; 0 is the lowest.</summary>
    public const int HighestPriority = 9;

    /// <summary>Where its messages lie: embedded, in a file of the server; or rabbitmq, the RabbitMQ that the server was given by MAINSTAY_QUEUES. Default embedded. What lies in one does not move to the other.</summary>
    public QueueEngineKind Engine { get; init; }

    /// <summary>A message that nobody has taken for so long is dropped; one that was delivered in vain becomes a dead letter. Default 7d; 1m to 365d.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>A delivered message that is neither acknowledged nor extended within this is delivered again. Default 30s; 1s to 12h.</summary>
    public TimeSpan Visibility { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A message that was delivered so often in vain becomes a dead letter, which is kept until it is replayed or purged. Default 5; 1 to 1000.</summary>
    public int DeadLetterAfter { get; init; } = 5;

    /// <summary>Wait before the second delivery; it doubles with each. Default 1s; 0s to 1h.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest of these waits. Default 5m; 0s to 24h.</summary>
    public TimeSpan BackoffMost { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A message with the id and source of one that came within this is taken for the same, and not stored again. Default 5m; 0s (never) to 7d.</summary>
    public TimeSpan Dedupe { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Messages that it holds, dead letters included; beyond it producers get 429. Default 100,000; 1 to 1,000,000. Each takes about 250 bytes of the server's memory.</summary>
    public int MaxMessages { get; init; } = 100_000;

    /// <summary>Bytes that its messages have together; beyond it producers get 429. Default 256Mi; 1Mi to 64Gi.</summary>
    public ByteSize MaxBytes { get; init; } = new(256 << 20);

    /// <summary>The largest message, with its attributes. Default 256Ki; 1Ki to 1Mi.</summary>
    public ByteSize MaxMessage { get; init; } = new(256 << 10);

    /// <summary>It gets a copy of what is published to these topics. Default: none. At most 50.</summary>
    public IReadOnlyList<string>? Topics { get; init; }

    /// <summary>It gets what is appended to these event streams, in their order; a <c>*</c> at the end stands for anything. Its place is kept. Default: none. At most 50.</summary>
    public IReadOnlyList<string>? Streams { get; init; }

    /// <summary>Where in the streams it begins when it is declared. Default start.</summary>
    public StreamsFrom StreamsFrom { get; init; }

    /// <summary>Of the topics and streams, only events of these types; a <c>*</c> at the end stands for anything. Default: all. At most 50.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Sends each message to a service. Default: consumers pull.</summary>
    public QueuePush? Push { get; init; }

    /// <summary>Whether an event of this type of a topic is wanted.</summary>
    public bool Wants(string type) => Types is null || Types.Any(t => t.EndsWith('*') ? type.StartsWith(t[..^1], StringComparison.Ordinal) : t == type);

    public IEnumerable<Problem> Validate()
    {
        IEnumerable<Problem> problems =
        [
            .. Limits.Between("retention", Retention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
            .. Limits.Between("visibility", Visibility, TimeSpan.FromSeconds(1), TimeSpan.FromHours(12)),
            .. Limits.Between("deadLetterAfter", DeadLetterAfter, 1, 1000),
            .. Limits.Between("backoff", Backoff, TimeSpan.Zero, TimeSpan.FromHours(1)),
            .. Limits.Between("backoffMost", BackoffMost, TimeSpan.Zero, TimeSpan.FromHours(24)),
            .. Limits.Between("dedupe", Dedupe, TimeSpan.Zero, TimeSpan.FromDays(7)),
            .. Limits.Between("maxMessages", MaxMessages, 1, 1_000_000),
            .. Size("maxBytes", MaxBytes, 1 << 20, 64L << 30),
            .. Size("maxMessage", MaxMessage, 1 << 10, 1 << 20),
            .. Words("topics", Topics, Names.IsValid, "use lower-case letters, digits, '-' or '.'"),
            .. Words("streams", Streams, s => s is { Length: > 0 and <= 200 } && s.IndexOf('*') is var star && (star < 0 || star == s.Length - 1), "write the name of a stream, or the beginning of some and '*'"),
            .. Words("types", Types, t => t is { Length: > 0 and <= 200 } && t.IndexOf('*') is var star && (star < 0 || star == t.Length - 1), "write an event type, or the beginning of some and '*'"),
        ];
        return problems.Concat(Push?.Validate().Select(p => p.Under("push")) ?? []);
    }

    static IEnumerable<Problem> Size(string path, ByteSize size, long least, long most) =>
        size.Bytes < least || size.Bytes > most ? [new(path, $"{size} is outside {new ByteSize(least)} to {new ByteSize(most)}", "choose a size within")] : [];

    static IEnumerable<Problem> Words(string path, IReadOnlyList<string>? words, Func<string, bool> isValid, string remedy) => words is { Count: > 50 }
        ? [new(path, $"{words.Count} are more than 50", "make another queue for some of them")]
        : (words ?? []).Select((word, i) => (word, i)).Where(w => !isValid(w.word)).Select(w => new Problem($"{path}.{w.i}", $"'{w.word}' is none", remedy));
}

/// <summary>What keeps the messages of a queue.</summary>
public enum QueueEngineKind
{
    /// <summary>A file of the server.</summary>
    Embedded,

    /// <summary>Quorum queues of a RabbitMQ.</summary>
    Rabbitmq,
}

/// <summary>Where in event streams a queue begins.</summary>
public enum StreamsFrom
{
    /// <summary>With the first event that is kept.</summary>
    Start,

    /// <summary>With what is appended from then on.</summary>
    End,
}

/// <summary>How a queue sends its messages to a service: POST through the mesh, in the binary mode of CloudEvents; any 2xx answer acknowledges.</summary>
public sealed record QueuePush
{
    /// <summary>The service.</summary>
    public required string To { get; init; }

    /// <summary>The path. Default <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Messages under way at the same time; those of one key come one after another in any case. Default 4; 1 to 64.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>An answer that takes longer is a failure. Default 30s; 100ms to 1h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public IEnumerable<Problem> Validate() =>
    [
        .. Path.StartsWith('/') && Path.Length <= 1000 && Path.All(c => c is > ' ' and < (char)127 && c != '#')
            ? Array.Empty<Problem>() : [new Problem("path", $"'{Path}' is no path", "begin with '/', at most 1,000 characters of ASCII, without spaces or '#'")],
        .. Limits.Between("concurrency", Concurrency, 1, 64),
        .. Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
    ];
}
