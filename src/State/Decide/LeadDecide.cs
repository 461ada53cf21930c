namespace Mainstay.State.Decide;

/// <summary>When the server that leads answered last, as one that stands by saw it.</summary>
/// <param name="Ago">How long ago.</param>
/// <param name="Term">The term of etcd's own leader at that time, as it was known.</param>
public readonly record struct LeaderSign(TimeSpan Ago, ulong Term);

/// <summary>
/// Judges whether the server that leads is gone, so that another may lead. It is never wrong to: what an old leader still writes is refused by the store. But it is not to happen for nothing.
/// <list type="number">
/// <item>Its session is over: etcd did not hear of it for the session's length.</item>
/// <item>Or etcd has elected another leader of its own since the server answered last, and it has not answered for the session's length. A leader of etcd that is new gives every session its whole time again and that of an
/// election on top, so that one whose member ended together with its server would last for three elections more. Where only the way between the two servers is broken, nobody is elected, and nothing is taken.</item>
/// </list>
/// </summary>
public static class LeadDecide
{
    /// <param name="isOpen">Whether its session is open.</param>
    /// <param name="sign">Its last answer; null where it never answered this one.</param>
    /// <param name="term">The term of etcd's leader now.</param>
    /// <param name="session">The session's length.</param>
    public static bool IsGone(bool isOpen, LeaderSign? sign, ulong term, TimeSpan session) =>
        !isOpen || (sign is { } last && last.Term != 0 && term > last.Term && last.Ago >= session);
}
