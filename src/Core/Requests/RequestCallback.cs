namespace Mainstay.Core.Requests;

/// <summary>How the call that tells an end stands.</summary>
public enum CallbackState
{
    /// <summary>It is to be made, or made again.</summary>
    Waiting,

    /// <summary>It was answered with 2xx; it is not made again.</summary>
    Told,

    /// <summary>It is not tried any more.</summary>
    GivenUp,
}

/// <summary>A call that is to be made now.</summary>
/// <param name="Turn">Which end of the request it tells, from 1: one that was done again has several.</param>
/// <param name="Try">Which try this is, from 1.</param>
/// <param name="Url">Where.</param>
/// <param name="Since">When the request ended.</param>
/// <param name="Request">The request with its answer.</param>
public sealed record TakenCallback(int Turn, int Try, string Url, DateTimeOffset Since, ShownRequest Request);

/// <summary>How a try of a call ended.</summary>
/// <param name="Id">The request's id.</param>
/// <param name="Turn">Which end it told.</param>
/// <param name="Try">Which try.</param>
/// <param name="State">How it stands now.</param>
public sealed record CallbackEnd(string Id, int Turn, int Try, CallbackState State)
{
    /// <summary>How long it waits, where it is made again.</summary>
    public TimeSpan After { get; init; }

    /// <summary>The status that was answered; 0 where none was.</summary>
    public int Status { get; init; }

    /// <summary>What happened, for people; null where it was told.</summary>
    public string? Why { get; init; }
}

/// <summary>The call of a request as it is shown.</summary>
/// <param name="Url">Where.</param>
/// <param name="State">How it stands.</param>
/// <param name="Tries">How often it was made.</param>
/// <param name="Status">What was answered last; 0 where nothing was.</param>
/// <param name="Due">When it is made (again); null where it is not.</param>
/// <param name="Why">What happened last.</param>
public sealed record ShownCallback(string Url, CallbackState State, int Tries, int Status, DateTimeOffset? Due, string? Why);
