namespace Mainstay.Client.Flows;

/// <summary>How a branch stands.</summary>
public enum TccState
{
    /// <summary>Nobody has heard of it.</summary>
    None,

    /// <summary>A try is under way: it has begun, and has not said how it ended.</summary>
    Trying,

    /// <summary>It is reserved.</summary>
    Tried,

    /// <summary>The reservation is final.</summary>
    Confirmed,

    /// <summary>Cancelled; also where nothing had been tried: a try that comes later is refused.</summary>
    Cancelled,
}

/// <summary>What a service does with a call of a tcc.</summary>
public enum TccVerdict
{
    /// <summary>Do it.</summary>
    Go,

    /// <summary>It was done already: answer as then (200).</summary>
    Done,

    /// <summary>There is nothing to cancel, and from now on nothing to try: answer 200.</summary>
    Empty,

    /// <summary>It must not be done: answer 409.</summary>
    Refused,

    /// <summary>A try is under way: answer 503, and be asked again.</summary>
    Later,
}

/// <summary>The rules by which a service takes try, confirm and cancel in any order, any number of times. Pure.</summary>
public static class TccRules
{
    /// <summary>What to do with a call, and how the branch stands once that is written.</summary>
    /// <param name="stands">How the branch stands.</param>
    /// <param name="phase"><c>try</c>, <c>confirm</c> or <c>cancel</c>: the header <c>Mainstay-Phase</c>.</param>
    /// <param name="begunUntil">Until when a try that is under way is waited for; it is taken for dead after that.</param>
    /// <param name="now">The time.</param>
    public static (TccVerdict Verdict, TccState Next) Next(TccState stands, string phase, DateTimeOffset begunUntil, DateTimeOffset now) => (phase, stands) switch
    {
        ("try", TccState.None) => (TccVerdict.Go, TccState.Trying),
        ("try", TccState.Trying) => now < begunUntil ? (TccVerdict.Later, stands) : (TccVerdict.Go, TccState.Trying),
        ("try", TccState.Tried) => (TccVerdict.Done, stands),
        ("try", _) => (TccVerdict.Refused, stands),
        ("confirm", TccState.Tried) => (TccVerdict.Go, TccState.Confirmed),
        ("confirm", TccState.Confirmed) => (TccVerdict.Done, stands),
        ("confirm", _) => (TccVerdict.Refused, stands),
        ("cancel", TccState.None) => (TccVerdict.Empty, TccState.Cancelled),
        // A cancel that overtakes its try would cancel nothing, and the try would reserve for ever.
        ("cancel", TccState.Trying) => now < begunUntil ? (TccVerdict.Later, stands) : (TccVerdict.Go, TccState.Cancelled),
        ("cancel", TccState.Tried) => (TccVerdict.Go, TccState.Cancelled),
        ("cancel", TccState.Cancelled) => (TccVerdict.Done, stands),
        ("cancel", _) => (TccVerdict.Refused, stands),
        _ => (TccVerdict.Refused, stands),
    };
}
