using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.State;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of queues beyond each by itself.</summary>
static class QueueRules
{
    /// <summary>An event of a stream, with what is told of its place there, in bytes.</summary>
    const long LargestEvent = 256 << 10;

    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var queues = spec.Queues ?? new Dictionary<string, MessageQueueSpec>();
        return queues.Count > ArchitectureSpec.MostQueues
            ? [new("queues", $"{queues.Count} queues are more than {ArchitectureSpec.MostQueues}", "split the architecture")]
            : queues.SelectMany(q => Each(q.Key, q.Value, spec).Concat(q.Value.Validate()).Select(p => p.Under($"queues.{q.Key}")));
    }

    static IEnumerable<Problem> Each(string name, MessageQueueSpec queue, ArchitectureSpec spec)
    {
        if (!Names.IsValid(name))
        {
            yield return Names.Invalid("", name);
        }

        // A queue that pushes is a caller of its own, on the map and in limits.
        if (spec.Services.ContainsKey(name))
        {
            yield return new("", $"a service is called '{name}' too", "choose another name for the queue");
        }

        if (queue.Push is { } push && !spec.Services.ContainsKey(push.To))
        {
            yield return new("push.to", $"there is no service '{push.To}'", Nearest.To(push.To, [.. spec.Services.Keys]) is { } near ? $"did you mean '{near}'?" : "name one of the services");
        }

        if (queue is { Types.Count: > 0, Topics: null or { Count: 0 }, Streams: null or { Count: 0 } })
        {
            yield return new("types", "types choose among events of topics and streams, and the queue has neither", "add 'topics' or 'streams', or remove 'types'");
        }

        // A topic is in all of its queues or in none, which two engines cannot promise together.
        foreach (var (topic, other) in (queue.Topics ?? []).Select(t => (t, spec.Queues!.FirstOrDefault(o => o.Value.Engine < queue.Engine && o.Value.Topics?.Contains(t) == true).Key)).Where(t => t.Item2 is not null))
        {
            yield return new("engine", $"the topic '{topic}' is in this queue of {Word(queue.Engine)} and in '{other}' of {Word(spec.Queues![other].Engine)}, and could not be in both or in none", "give all queues of a topic the same engine");
        }

        // An event that did not fit would hold up everything behind it.
        if (queue.Streams is { Count: > 0 } && queue.MaxMessage.Bytes < LargestEvent)
        {
            yield return new("maxMessage", $"an event of a stream may have {new ByteSize(LargestEvent)}, and the queue takes {queue.MaxMessage}", $"raise it to {new ByteSize(LargestEvent)}");
        }
    }

    static string Word(QueueEngineKind engine) => engine == QueueEngineKind.Rabbitmq ? "rabbitmq" : "embedded";
}
