namespace Mainstay.Core.Requests;

/// <summary>
/// Requests that are remembered: those with a key, so that each is done once, and those that were accepted to be done later. What every ledger guarantees:
/// <list type="number">
/// <item>What a method answered is durable, whatever is killed; the outcome is a value, and <see cref="ClaimVerdict.Unavailable"/> and <see cref="ChangeVerdict.Unavailable"/> say that nothing is known.</item>
/// <item>Of all claims to a key one begins at a time, whoever asks and however many gateways share the ledger; the others are told how it stands.</item>
/// <item>A request whose holder ended without a word is unknown from the moment its process is gone. It begins again only where the claim says that its callee may be asked twice.</item>
/// <item>An end counts only for the attempt that it is about: one that comes late changes nothing of what began since.</item>
/// <item>Keys belong to a route and an owner: nobody is told of another's.</item>
/// <item>What has ended is kept for as long as its claim said, and then gone.</item>
/// <item>Where an end is to be told, that is written down with the end itself; a call that was answered is not made again.</item>
/// </list>
/// </summary>
public interface IRequestLedger : IAsyncDisposable
{
    /// <summary>Claims a key to be done now, or has a request accepted to be done later.</summary>
    Task<ClaimAnswer> ClaimAsync(RequestClaim claim, CancellationToken stop);

    /// <summary>Tells how an attempt ended. False where it could not be written down: then it is unknown.</summary>
    Task<bool> EndAsync(RequestEnd end);

    /// <summary>Takes accepted requests of a route that are due, the oldest first. Those whose holder is gone are due again where the callee may be asked twice, and unknown where not.</summary>
    /// <param name="route">The route.</param>
    /// <param name="most">So many.</param>
    /// <param name="repeats">The callee may be asked twice.</param>
    Task<IReadOnlyList<TakenRequest>> TakeAsync(string route, int most, bool repeats);

    /// <summary>Takes like <see cref="TakeAsync"/> for a worker that has no process here: each is held for a time, whatever becomes of the caller.</summary>
    /// <param name="route">The route.</param>
    /// <param name="most">So many, and no more than some megabytes together.</param>
    /// <param name="repeats">The callee may be asked twice: what is held no more is due again, else it is unknown.</param>
    /// <param name="hold">How long they are held.</param>
    Task<IReadOnlyList<TakenRequest>> PullAsync(string route, int most, bool repeats, TimeSpan hold);

    /// <summary>Holds what was pulled for so long from now on. False where the attempt is over.</summary>
    Task<bool> ExtendAsync(string route, string id, int attempt, TimeSpan hold);

    /// <summary>A request by its id, with its answer; null where none is.</summary>
    Task<ShownRequest?> FindAsync(string id, CancellationToken stop);

    /// <summary>Requests, the newest first, without their answers.</summary>
    Task<IReadOnlyList<ShownRequest>> ListAsync(RequestFilter filter, CancellationToken stop);

    /// <summary>Does what somebody wishes with one.</summary>
    Task<ChangeAnswer> ChangeAsync(string id, RequestWish wish, CancellationToken stop);

    /// <summary>Takes calls that tell ends and are due, the one that is due longest first. One whose end is not told within <paramref name="hold"/> is due again.</summary>
    Task<IReadOnlyList<TakenCallback>> TakeCallbacksAsync(int most, TimeSpan hold);

    /// <summary>Tells how a try of a call ended. False where it does not count any more, or could not be written down: then the call is made again.</summary>
    Task<bool> EndCallbackAsync(CallbackEnd end);

    /// <summary>How many there are of each route and state.</summary>
    Task<IReadOnlyList<RequestFigure>> FiguresAsync(CancellationToken stop);
}

/// <summary>How a remembered request stands.</summary>
public enum RequestState
{
    /// <summary>Accepted; its turn has not come.</summary>
    Waiting,

    /// <summary>Under way at a gateway.</summary>
    Running,

    /// <summary>The service has answered, whatever it said.</summary>
    Answered,

    /// <summary>It was accepted, and given up without the service having done it.</summary>
    Failed,

    /// <summary>The service may have done it or not.</summary>
    Unknown,

    /// <summary>It was taken back while it waited.</summary>
    Cancelled,
}

/// <summary>What somebody wants with a request.</summary>
public enum RequestWish
{
    /// <summary>It is not to be done. Only while it waits.</summary>
    Cancel,

    /// <summary>It is to be done (again), although it is unknown, failed or cancelled. Only what was accepted.</summary>
    Retry,

    /// <summary>Its key is free again. Not while it waits or runs.</summary>
    Forget,

    /// <summary>Its end is to be told (again), although it was, or was given up. Only what has ended, and is told somewhere.</summary>
    Tell,
}

/// <summary>Which requests are listed; null for any.</summary>
/// <param name="Route">Of this route.</param>
/// <param name="State">That stand so.</param>
/// <param name="Most">1 to 1,000.</param>
public sealed record RequestFilter(string? Route, RequestState? State, int Most);

/// <summary>How many requests of a route stand in a way.</summary>
/// <param name="Route">The route.</param>
/// <param name="State">How.</param>
/// <param name="Accepted">They were accepted for later.</param>
/// <param name="Count">So many.</param>
/// <param name="Oldest">When the oldest of them came.</param>
public sealed record RequestFigure(string Route, RequestState State, bool Accepted, long Count, DateTimeOffset Oldest);
