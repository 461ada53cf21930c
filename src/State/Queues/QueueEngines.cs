using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;

namespace Mainstay.State.Queues;

/// <summary>Each queue with the engine that it is declared for. The queues of a topic are all of one engine, which the manifest's rules see to.</summary>
/// <param name="open">Opens the engine of a kind, the first time that a queue is declared for it; null where that cannot be done now.</param>
/// <param name="trouble">Why an engine that is needed is not open.</param>
public sealed class QueueEngines(Func<QueueEngineKind, IQueueEngine?> open, Func<QueueEngineKind, string?> trouble) : IQueueEngine
{
    static readonly QueueEngineKind[] Kinds = Enum.GetValues<QueueEngineKind>();

    readonly IQueueEngine?[] engines = new IQueueEngine?[Kinds.Length];
    volatile IReadOnlyDictionary<string, MessageQueueSpec> declared = new Dictionary<string, MessageQueueSpec>();

    /// <summary>Whether an engine that is needed could not be opened.</summary>
    public bool IsIncomplete => declared.Values.Any(spec => engines[(int)spec.Engine] is null);

    /// <summary>The embedded engine, where a queue was declared for it.</summary>
    public EmbeddedQueues? Embedded => Volatile.Read(ref engines[(int)QueueEngineKind.Embedded]) as EmbeddedQueues;

    /// <inheritdoc/>
    public void Declare(IReadOnlyDictionary<string, MessageQueueSpec> queues)
    {
        foreach (var kind in Kinds)
        {
            var own = queues.Where(q => q.Value.Engine == kind).ToDictionary(q => q.Key, q => q.Value, StringComparer.Ordinal);
            if (own.Count > 0)
                engines[(int)kind] ??= open(kind);
            engines[(int)kind]?.Declare(own);
        }

        declared = queues;
    }

    /// <inheritdoc/>
    public Task<PublishAnswer> PublishAsync(PublishTo target, IReadOnlyList<NewMessage> messages, CancellationToken stop)
    {
        var spec = target.IsTopic ? declared.Values.FirstOrDefault(s => s.Topics?.Contains(target.Name) == true) : declared.GetValueOrDefault(target.Name);
        return Of(spec) is { } engine ? engine.PublishAsync(target, messages, stop) : Task.FromResult(new PublishAnswer(StatusOf(spec), WhyOf(spec)));
    }

    /// <inheritdoc/>
    public Task<PullAnswer> PullAsync(string queue, PullTerms terms, CancellationToken stop) =>
        Of(queue) is { } engine ? engine.PullAsync(queue, terms, stop) : Task.FromResult(new PullAnswer(StatusOf(queue), WhyOf(queue)));

    /// <inheritdoc/>
    public Task<SettleAnswer> SettleAsync(string queue, IReadOnlyList<Settlement> settlements, CancellationToken stop) =>
        Of(queue) is { } engine ? engine.SettleAsync(queue, settlements, stop) : Task.FromResult(new SettleAnswer(StatusOf(queue), WhyOf(queue)));

    /// <inheritdoc/>
    public Task<PeekAnswer> PeekAsync(string queue, MessageState? state, long after, int limit, CancellationToken stop) =>
        Of(queue) is { } engine ? engine.PeekAsync(queue, state, after, limit, stop) : Task.FromResult(new PeekAnswer(StatusOf(queue), WhyOf(queue)));

    /// <inheritdoc/>
    public Task<CountAnswer> ReplayAsync(string queue, IReadOnlyList<long>? ids, CancellationToken stop) =>
        Of(queue) is { } engine ? engine.ReplayAsync(queue, ids, stop) : Task.FromResult(new CountAnswer(StatusOf(queue), WhyOf(queue)));

    /// <inheritdoc/>
    public Task<CountAnswer> PurgeAsync(string queue, bool dead, CancellationToken stop) =>
        Of(queue) is { } engine ? engine.PurgeAsync(queue, dead, stop) : Task.FromResult(new CountAnswer(StatusOf(queue), WhyOf(queue)));

    /// <inheritdoc/>
    public IReadOnlyList<QueueFigures> Figures() => [.. engines.OfType<IQueueEngine>().SelectMany(e => e.Figures()).OrderBy(f => f.Name, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var engine in engines.OfType<IQueueEngine>())
            await engine.DisposeAsync();
    }

    IQueueEngine? Of(string queue) => Of(declared.GetValueOrDefault(queue));

    IQueueEngine? Of(MessageQueueSpec? spec) => spec is null ? null : engines[(int)spec.Engine];

    QueueStatus StatusOf(string queue) => StatusOf(declared.GetValueOrDefault(queue));

    static QueueStatus StatusOf(MessageQueueSpec? spec) => spec is null ? QueueStatus.Unknown : QueueStatus.Unavailable;

    string? WhyOf(string queue) => WhyOf(declared.GetValueOrDefault(queue));

    string? WhyOf(MessageQueueSpec? spec) => spec is null ? null : trouble(spec.Engine);
}
