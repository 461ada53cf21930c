using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;

namespace Mainstay.State.Decide;

/// <summary>What follows for a call that tells an end from how its try went.</summary>
public static class CallbackDecide
{
    /// <summary>The longest wait between two tries.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Before another try where nothing but people can help.</summary>
    public static readonly TimeSpan UntilHelped = TimeSpan.FromMinutes(1);

    /// <param name="call">The try.</param>
    /// <param name="terms">The route's.</param>
    /// <param name="age">The time since the request ended.</param>
    /// <param name="status">The answer's status; null where there was none.</param>
    /// <param name="retryAfter">The answer's Retry-After.</param>
    /// <param name="fault">What went wrong where there was no answer.</param>
    public static CallbackEnd After(TakenCallback call, CallbackSpec terms, TimeSpan age, int? status, string? retryAfter, string? fault)
    {
        if (status is >= 200 and < 300)
            return End(call, CallbackState.Told) with { Status = status.Value };
        var why = status is { } code ? $"it answered {code}" : fault ?? "it did not answer";
        // 410: the one answer by which a receiver says that it never wants it.
        if (status == 410 || age >= terms.Within)
            return End(call, CallbackState.GivenUp) with { Status = status ?? 0, Why = why };
        var wait = TimeSpan.FromMilliseconds(Math.Min(Longest.TotalMilliseconds, terms.Backoff.TotalMilliseconds * Math.Pow(2, Math.Min(call.Try - 1, 20))));
        if (status is 429 or 503 && int.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > wait.TotalSeconds)
            wait = TimeSpan.FromSeconds(Math.Min(seconds, 3_600));
        return Wait(call, wait, why) with { Status = status ?? 0 };
    }

    /// <summary>It waits to be tried again.</summary>
    public static CallbackEnd Wait(TakenCallback call, TimeSpan wait, string why) => End(call, CallbackState.Waiting) with { After = wait, Why = why };

    /// <summary>It is not tried any more.</summary>
    public static CallbackEnd GiveUp(TakenCallback call, string why) => End(call, CallbackState.GivenUp) with { Why = why };

    static CallbackEnd End(TakenCallback call, CallbackState state) => new(call.Request.Id, call.Turn, call.Try, state);
}
