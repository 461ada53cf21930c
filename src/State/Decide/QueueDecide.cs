using System.Globalization;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>What follows for one message from how its delivery went.</summary>
public static class QueueDecide
{
    /// <summary>The wait before the next delivery after <paramref name="attempts"/> in vain, in milliseconds: doubled each time, up to the longest.</summary>
    public static long BackoffMs(MessageQueueSpec terms, int attempts)
    {
        var most = (long)terms.BackoffMost.TotalMilliseconds;
        var first = (long)terms.Backoff.TotalMilliseconds;
        return attempts > 40 ? Math.Min(first == 0 ? 0 : most, most) : Math.Min(first << (attempts - 1), most);
    }

    /// <summary>Whether a message that was just delivered in vain becomes a dead letter.</summary>
    public static bool IsDead(MessageQueueSpec terms, int attempts, long ageMs) => attempts >= terms.DeadLetterAfter || IsOver(terms, ageMs);

    /// <summary>Whether a message is older than the queue keeps it.</summary>
    public static bool IsOver(MessageQueueSpec terms, long ageMs) => ageMs >= (long)terms.Retention.TotalMilliseconds;

    /// <summary>Whether one more message would be too many.</summary>
    public static bool IsFull(MessageQueueSpec terms, long messages, long bytes) => messages > terms.MaxMessages || bytes > terms.MaxBytes.Bytes;

    /// <summary>What a consumer shows to settle a delivery; another delivery of the same message has another one.</summary>
    public static string ReceiptOf(long id, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{id}-{attempt}");

    /// <summary>The message and the delivery of a receipt.</summary>
    public static bool TryReadReceipt(string? text, out long id, out int attempt)
    {
        (id, attempt) = (0, 0);
        var dash = text is { Length: <= 40 } ? text.IndexOf('-', StringComparison.Ordinal) : -1;
        return dash > 0 && long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out attempt);
    }
}
