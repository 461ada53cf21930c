namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Which requests a service admits when it has too much to do: those of the highest levels, as many as it can serve. A level is a request's criticality and, within it, a
/// number of its user that changes every hour. The sign of overload is that requests queue at the service's limit, or find no place there.
/// </summary>
public sealed record LevelsSpec
{
    /// <summary>Requests that wait longer than this on average are a sign of overload. Default 20ms; 1ms to 10s.</summary>
    public TimeSpan Queueing { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often the admitted level is decided anew. Default 1s; 200ms to 10s.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(1);

    public IEnumerable<Problem> Validate() =>
        Kinds.Limits.Between("queueing", Queueing, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10))
            .Concat(Kinds.Limits.Between("window", Window, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10)));
}
