namespace Mainstay.State.Decide;

/// <summary>What is done with a copy of a message that the broker hands over.</summary>
public enum Arrival
{
    /// <summary>It is the copy by which the broker keeps a message that is known; an older one is let go.</summary>
    Hold,

    /// <summary>It is a message that was not known.</summary>
    Enter,

    /// <summary>The broker may delete it: its message is done with, or a newer copy is held.</summary>
    Drop,
}

/// <summary>What follows from a copy that a broker hands over, which may be the first one, one that is handed over again, or one that was written anew.</summary>
/// <remarks>
/// A message is written anew, with a higher revision, when something about it changes that has to last; the older copy is let go once the newer one is there. Killed
/// between the two there are both, and the newer one counts.
/// </remarks>
public static class ArrivalDecide
{
    /// <param name="isKnown">Its message is in the book, or on its way there.</param>
    /// <param name="held">The revision of the copy that is held on this connection; -1 for none.</param>
    /// <param name="revision">Of the copy that came.</param>
    /// <param name="isSettled">Its message is known to be done with.</param>
    /// <param name="isLoading">Its queue is being read from the beginning.</param>
    /// <param name="isOurs">It was accepted by this engine since it was opened, which knows all of these that are not done with.</param>
    public static Arrival Of(bool isKnown, int held, int revision, bool isSettled, bool isLoading, bool isOurs)
    {
        if (isKnown)
            return revision >= held ? Arrival.Hold : Arrival.Drop;
        return isSettled || (isOurs && !isLoading) ? Arrival.Drop : Arrival.Enter;
    }
}
