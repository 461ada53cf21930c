namespace Mainstay.Core.Kinds.Schedule;

/// <summary>
/// Who may run a pet that every host could run. Its agent ends it when no server has answered for <see cref="Span"/>, counted from when the last report that was answered was sent; the server has another
/// host take over no sooner than <see cref="Takeover"/> after that report came: the earlier one ends first, whoever of the two was cut off.
/// </summary>
public static class HostLease
{
    /// <summary>How long an agent owns what it has without a word from a server.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    // Clocks that run at different speeds, and processes that take their time to be gone.
    static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>From when a host was lost until another may have its pets: the lease, the time that they have to end, and slack.</summary>
    /// <param name="grace">Between being asked to end and being ended by force.</param>
    public static TimeSpan Takeover(TimeSpan grace) => Span + grace + Slack;
}
