using System.Globalization;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Queues;

namespace Mainstay.State.Decide;

/// <summary>What follows for a message from how the service answered that it was pushed to.</summary>
public static class PushDecide
{
    /// <param name="receipt">Of the delivery.</param>
    /// <param name="status">The answer's status; null where there was none.</param>
    /// <param name="retryAfter">The answer's Retry-After.</param>
    /// <param name="fault">What went wrong where there was no answer.</param>
    public static Settlement Settle(string receipt, int? status, string? retryAfter, string fault)
    {
        if (status is >= 200 and < 300)
            return new(receipt, SettleAs.Ack);
        var why = status is { } code ? $"it answered {code}" : fault;
        // 410: the one answer by which a receiver says that it never wants it.
        if (status == 410)
            return new(receipt, SettleAs.Dead, Why: why);
        TimeSpan? after = status is 429 or 503 && int.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, MessageQueueSpec.LongestDelay.TotalSeconds)) : null;
        return new(receipt, SettleAs.Retry, after, why);
    }
}
