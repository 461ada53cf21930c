using Mainstay.Core.Requests;

namespace Mainstay.State.Decide;

/// <summary>What of a remembered request decides about it.</summary>
/// <param name="State">How it stands.</param>
/// <param name="IsAccepted">It was accepted for later.</param>
/// <param name="IsHeld">Where it runs: the process that has it lives.</param>
/// <param name="IsSame">The claim is for the same request: the fingerprints are alike.</param>
/// <param name="IsOver">It has been kept for as long as it was to be.</param>
readonly record struct RequestStanding(RequestState State, bool IsAccepted, bool IsHeld, bool IsSame, bool IsOver);

/// <summary>What is done with a claim, before anything of it is done.</summary>
enum ClaimMove
{
    /// <summary>It is written down anew: nobody has used the key, or what it stood for is over.</summary>
    Insert,

    /// <summary>The same request begins once more.</summary>
    BeginAgain,

    /// <summary>It is answered from what is known.</summary>
    Tell,
}

/// <summary>What is decided about remembered requests: the same for every engine, and without a clock.</summary>
static class RequestDecide
{
    /// <summary>What becomes of a claim.</summary>
    /// <param name="known">What the key stands for; null where nobody has used it.</param>
    /// <param name="later">The claim is to be accepted.</param>
    /// <param name="repeats">The callee may be asked twice.</param>
    public static (ClaimMove Move, ClaimVerdict Verdict) Claim(RequestStanding? known, bool later, bool repeats)
    {
        if (known is not { IsOver: false } row)
            return (ClaimMove.Insert, later ? ClaimVerdict.Accepted : ClaimVerdict.Begun);
        if (!row.IsSame)
            return (ClaimMove.Tell, ClaimVerdict.OtherRequest);
        if (later && row.IsAccepted)
            return (ClaimMove.Tell, ClaimVerdict.Accepted);
        return row.State switch
        {
            RequestState.Answered => (ClaimMove.Tell, ClaimVerdict.Answered),
            RequestState.Waiting => (ClaimMove.Tell, ClaimVerdict.Running),
            RequestState.Running when row.IsHeld => (ClaimMove.Tell, ClaimVerdict.Running),
            // The route was asynchronous when the key was used: what was accepted then goes its own way.
            _ when row.IsAccepted => (ClaimMove.Tell, ClaimVerdict.Unknown),
            _ when !repeats => (ClaimMove.Tell, ClaimVerdict.Unknown),
            _ => later ? (ClaimMove.Insert, ClaimVerdict.Accepted) : (ClaimMove.BeginAgain, ClaimVerdict.Begun),
        };
    }

    /// <summary>How a request stands after the end of an attempt; null where it is forgotten.</summary>
    public static RequestState? After(RequestEnding how, bool isAccepted) => how switch
    {
        RequestEnding.Answered => RequestState.Answered,
        RequestEnding.Unknown => RequestState.Unknown,
        RequestEnding.Again when isAccepted => RequestState.Waiting,
        RequestEnding.Failed when isAccepted => RequestState.Failed,
        // What is done now has its caller, who was told and may come again with the same key.
        _ => isAccepted ? RequestState.Failed : null,
    };

    /// <summary>Whether an attempt's end still counts.</summary>
    public static bool Counts(RequestState state, int attempt, RequestEnd end) =>
        attempt == end.Attempt && state is (RequestState.Running or RequestState.Unknown);

    /// <summary>Whether an accepted request that stands so has come to an end, which is told where somebody wants to know.</summary>
    public static bool IsTold(RequestState state) => state is not (RequestState.Waiting or RequestState.Running);

    /// <summary>How an accepted request goes on whose holder is gone.</summary>
    public static RequestState Orphaned(bool repeats) => repeats ? RequestState.Waiting : RequestState.Unknown;

    /// <summary>How a request stands after a wish; null where it is gone. Not possible: <paramref name="isPossible"/> is false.</summary>
    public static RequestState? After(RequestWish wish, RequestState state, bool isAccepted, bool isHeld, out bool isPossible)
    {
        var runs = state == RequestState.Running && (isHeld || isAccepted);
        isPossible = wish switch
        {
            RequestWish.Cancel => state == RequestState.Waiting,
            RequestWish.Retry => isAccepted && state is (RequestState.Unknown or RequestState.Failed or RequestState.Cancelled),
            _ => state != RequestState.Waiting && !runs,
        };
        return wish switch { RequestWish.Cancel => RequestState.Cancelled, RequestWish.Retry => RequestState.Waiting, _ => null };
    }
}
