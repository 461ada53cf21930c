using Mainstay.Core.Requests;

namespace Mainstay.State.Requests;

/// <summary>A remembered request as it is written down, but for its contents.</summary>
sealed record RequestRow
{
    public required string Id { get; init; }

    public required string Route { get; init; }

    public required string Owner { get; init; }

    public string? Key { get; init; }

    public required byte[] Fingerprint { get; init; }

    public RequestState State { get; init; }

    /// <summary>Which process has it, while it runs.</summary>
    public string? Holder { get; init; }

    public int Attempt { get; init; }

    public bool IsAccepted { get; init; }

    public long AtMs { get; init; }

    public long DueMs { get; init; }

    /// <summary>When it is forgotten; <see cref="long.MaxValue"/> while it has not ended.</summary>
    public long EndsMs { get; init; } = long.MaxValue;

    public long KeepMs { get; init; }

    /// <summary>Bytes of the request, where it was accepted.</summary>
    public long Bytes { get; init; }

    public int Status { get; init; }

    public string? Why { get; init; }

    public string? Callback { get; init; }

    /// <summary>Whether it counts as one of those that wait.</summary>
    public bool Waits => IsAccepted && State is (RequestState.Waiting or RequestState.Running);

    public ShownRequest Show(KeptAnswer? answer = null, CallbackRow? callback = null) => new()
    {
        Id = Id,
        Route = Route,
        Owner = Owner,
        Key = Key,
        State = State,
        IsAccepted = IsAccepted,
        Attempts = Attempt,
        At = DateTimeOffset.FromUnixTimeMilliseconds(AtMs),
        Due = State == RequestState.Waiting ? DateTimeOffset.FromUnixTimeMilliseconds(DueMs) : null,
        Ends = EndsMs == long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(EndsMs),
        Status = Status,
        Why = Why,
        Callback = callback?.Show(),
        Answer = answer,
    };
}

/// <summary>The call that tells how a request ended, as it is written down.</summary>
/// <param name="Id">The request's.</param>
/// <param name="Turn">Which end of it.</param>
/// <param name="Url">Where.</param>
sealed record CallbackRow(string Id, int Turn, string Url)
{
    public CallbackState State { get; init; }

    public long DueMs { get; init; }

    /// <summary>When the request ended.</summary>
    public long SinceMs { get; init; }

    public int Tries { get; init; }

    public int Status { get; init; }

    public string? Why { get; init; }

    public ShownCallback Show() => new(Url, State, Tries, Status, State == CallbackState.Waiting ? DateTimeOffset.FromUnixTimeMilliseconds(DueMs) : null, Why);
}
