namespace Mainstay.Traffic.Path;

/// <summary>Something that a gateway did and people want to know: a breaker that opened, a limit that changed, a client that was banned.</summary>
/// <param name="At">When.</param>
/// <param name="About">Which route, need or service, as interventions name them: <c>route/orders-api</c>.</param>
/// <param name="Reason">One CamelCase word: <c>BreakerOpened</c>.</param>
/// <param name="Message">In words, with the numbers that led to it.</param>
/// <param name="IsWarning">Whether somebody should look at it.</param>
public sealed record Notice(DateTimeOffset At, string About, string Reason, string Message, bool IsWarning);

/// <summary>How one policy of one gateway stands.</summary>
/// <param name="About">Which route, need or service: <c>route/orders-api</c>.</param>
/// <param name="Policy">Its name there: <c>breaker</c>, <c>limit-1</c>.</param>
/// <param name="Kind">What it is: <c>breaker</c>, <c>tokenBucket</c>, <c>adaptive</c>.</param>
/// <param name="State">One word: <c>closed</c>, <c>open</c>, <c>limiting</c>.</param>
/// <param name="Why">What led to the state; empty where that is plain.</param>
/// <param name="Numbers">Its figures by name, with the unit last: <c>limit</c>, <c>inFlight</c>, <c>p99Ms</c>.</param>
public sealed record PolicyReport(
    string About, string Policy, string Kind, string State, string Why, IReadOnlyDictionary<string, double> Numbers);

/// <summary>The notices that are not reported yet; beyond its bound the oldest are dropped and counted.</summary>
internal sealed class NoticeBoard(TimeProvider time)
{
    private const int Most = 1000;
    private readonly Lock gate = new();
    private readonly Queue<Notice> waiting = new();
    private long dropped;

    public long Dropped => Volatile.Read(ref dropped);

    public void Add(string about, string reason, string message, bool isWarning = true)
    {
        var notice = new Notice(time.GetUtcNow(), about, reason, message, isWarning);
        lock (gate)
        {
            if (waiting.Count == Most)
            {
                waiting.Dequeue();
                dropped++;
            }
            waiting.Enqueue(notice);
        }
    }

    public List<Notice> Take()
    {
        lock (gate)
        {
            var all = waiting.ToList();
            waiting.Clear();
            return all;
        }
    }
}
