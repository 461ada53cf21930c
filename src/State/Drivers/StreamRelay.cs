using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Queues;
using Mainstay.State.Streams;

namespace Mainstay.State.Drivers;

/// <summary>
/// Hands the events of streams on to a queue, in their order, and keeps its place with the streams. What was handed on before the place could be written down is handed on again with the
/// same id, so that the queue stores it once; a queue that is full is waited for.
/// </summary>
public sealed class StreamRelay(string queue, MessageQueueSpec terms, EventStreams streams, IQueueEngine engine, TimeProvider time)
{
    const int Page = 200;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How the reader of a queue is called.</summary>
    public static string ReaderOf(string queue) => "queue:" + queue;

    /// <summary>Hands on until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        StreamReaderInfo? place = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                place = await StepAsync(place, stop);
                if (place is null)
                    await Task.Delay(Pause, time, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Where it stands then; null where that has to be asked anew.</summary>
    async Task<StreamReaderInfo?> StepAsync(StreamReaderInfo? place, CancellationToken stop)
    {
        if (place is null)
            return await streams.MoveAsync(ReaderOf(queue), null, null, terms.StreamsFrom == StreamsFrom.End ? null : 0, stop) is { Status: StreamStatus.Done, Readers: [var found] } ? found : null;
        var page = await streams.ReadAsync(new() { Streams = terms.Streams, Types = terms.Types, After = place.Position, Limit = Page }, Patience, stop);
        if (page.Status != StreamStatus.Done)
            return null;
        if (page.Events!.Count > 0 && (await engine.PublishAsync(new(queue), [.. page.Events.Select(e => Message(e, place.Rewinds))], stop)).Status != QueueStatus.Done)
            return null;
        return await streams.MoveAsync(ReaderOf(queue), page.Next, place.Rewinds, 0, stop) is { Status: StreamStatus.Done, Readers: [var moved] } ? moved : null;
    }

    // One that is sent back hands everything on anew: what it handed on before is not what its queue takes for the same.
    static NewMessage Message(StoredEvent one, long rewinds) => new()
    {
        DedupeId = string.Create(CultureInfo.InvariantCulture, $"stream {rewinds} {one.Position}"),
        Key = one.Stream,
        Type = one.Type,
        Head = Tell(one),
        Body = one.Body,
    };

    // Names of streams have nothing that JSON would escape.
    static byte[] Tell(StoredEvent one)
    {
        var head = Encoding.UTF8.GetString(one.Head.Span);
        var end = head.LastIndexOf('}');
        var told = string.Create(CultureInfo.InvariantCulture, $"\"stream\":\"{one.Stream}\",\"streamversion\":\"{one.Version}\",\"streamposition\":\"{one.Position}\"");
        return Encoding.UTF8.GetBytes($"{head[..end].TrimEnd()},{told}{(head.Contains("\"partitionkey\":", StringComparison.Ordinal) ? "" : $",\"partitionkey\":\"{one.Stream}\"")}}}");
    }
}
