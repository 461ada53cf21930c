using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>What is known of a request once its attempt is over.</summary>
internal enum RequestOutcome
{
    /// <summary>The service did not take it.</summary>
    NotDone,

    /// <summary>The service answered.</summary>
    Answered,

    /// <summary>It may have been done.</summary>
    Unknown,
}

/// <summary>What the end of an attempt means, and what follows.</summary>
internal static class RequestRules
{
    private const double LongestWaitMs = 60_000;

    /// <summary>What an attempt came to.</summary>
    /// <param name="reason">Why the service did not answer; none where it did, or a gate in its place.</param>
    /// <param name="wasSent">Bytes of the request were on their way to the service.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="repeats">The service may be asked twice.</param>
    public static RequestOutcome Judge(Reason reason, bool wasSent, int status, bool repeats)
    {
        if (!wasSent) return RequestOutcome.NotDone;
        if (reason != Reason.None) return RequestOutcome.Unknown;
        return status switch
        {
            // RFC 6585 §4, RFC 9110 §15.6.4: to be tried later, so not done.
            429 or 503 => RequestOutcome.NotDone,
            // Something went wrong, and how far it had come is not said. Who may ask twice does not have to live with it.
            408 or 500 or 502 or 504 when repeats => RequestOutcome.Unknown,
            _ => RequestOutcome.Answered,
        };
    }

    /// <summary>What becomes of an accepted request after an attempt, and how long it waits where it is tried again.</summary>
    /// <param name="outcome">What the attempt came to.</param>
    /// <param name="hasAnswer">The service has answered something.</param>
    /// <param name="attempt">Which attempt it was.</param>
    /// <param name="age">The time since it was accepted.</param>
    /// <param name="spec">The route's terms.</param>
    /// <param name="repeats">The service may be asked twice.</param>
    public static (RequestEnding How, TimeSpan After) Later(RequestOutcome outcome, bool hasAnswer, int attempt, TimeSpan age, AsyncSpec spec, bool repeats)
    {
        var wait = TimeSpan.FromMilliseconds(Math.Min(LongestWaitMs, spec.Backoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 20))));
        return outcome switch
        {
            RequestOutcome.Answered => (RequestEnding.Answered, default),
            RequestOutcome.NotDone => age < spec.Within ? (RequestEnding.Again, wait) : (RequestEnding.Failed, default),
            _ when repeats && attempt < spec.Attempts && age < spec.Within => (RequestEnding.Again, wait),
            // It is what the service has said, however little that is.
            _ => (hasAnswer ? RequestEnding.Answered : RequestEnding.Unknown, default),
        };
    }

    /// <summary>A wait that is as long as the service asked for (<c>Retry-After</c>), an hour at the most.</summary>
    public static TimeSpan AsAsked(TimeSpan wait, ReadOnlySpan<byte> lines)
    {
        while (lines.IndexOf("\r\n"u8) is >= 0 and var end)
        {
            var line = lines[..end];
            lines = lines[(end + 2)..];
            if (line.Length < 12 || !Ascii.EqualsIgnoreCase(line[..12], "retry-after:"u8)) continue;
            var asked = TimeSpan.FromMilliseconds(Math.Min(RetryAfter.Read(line[12..].Trim(" \t"u8)), 3_600_000L));
            if (asked > wait) wait = asked;
        }
        return wait;
    }

    /// <summary>A key as it is compared: RFC 8941's string without its quotes, or a bare token; empty where it is neither.</summary>
    public static ReadOnlySpan<byte> Key(ReadOnlySpan<byte> value)
    {
        var key = value.Length > 2 && value[0] == '"' && value[^1] == '"' ? value[1..^1] : value;
        return key.Length is > 0 and <= 255 && !key.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !key.Contains((byte)'"') ? key : default;
    }
}
