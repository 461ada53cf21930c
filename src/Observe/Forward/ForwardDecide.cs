namespace Mainstay.Observe.Forward;

/// <summary>What to do after an attempt to send a request on.</summary>
public enum ForwardNext
{
    /// <summary>It has arrived.</summary>
    Done,

    /// <summary>It is refused for good.</summary>
    GiveUp,

    Again,
}

/// <summary>Reads answers to requests of OTLP/HTTP as its specification says.</summary>
public static class ForwardDecide
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>What follows from a status; null is no answer at all.</summary>
    public static ForwardNext After(int? status) => status switch
    {
        null or 429 or 502 or 503 or 504 => ForwardNext.Again,
        >= 200 and < 300 => ForwardNext.Done,
        _ => ForwardNext.GiveUp,
    };

    /// <summary>How long is waited before the next attempt.</summary>
    /// <param name="failures">Attempts that have failed one after the other, 1 or more.</param>
    /// <param name="asked">What the other side asked for; null where it did not.</param>
    public static TimeSpan Wait(int failures, TimeSpan? asked)
    {
        var own = TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(failures, 20) - 1)));
        return asked is { } wanted && wanted > own ? (wanted < TimeSpan.FromMinutes(5) ? wanted : TimeSpan.FromMinutes(5)) : own;
    }
}
