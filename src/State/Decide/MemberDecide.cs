using Mainstay.State.Cluster;

namespace Mainstay.State.Decide;

/// <summary>What a server does next with its own member of etcd.</summary>
public enum MemberAct
{
    /// <summary>Starts a cluster of one.</summary>
    Found,

    /// <summary>Has the cluster take it in, as a learner with a new identity.</summary>
    Add,

    /// <summary>Has the cluster forget the identity in <see cref="MemberPlan.Id"/>.</summary>
    Remove,

    /// <summary>Starts the process on its data.</summary>
    Start,

    /// <summary>Makes a voter of the learner that it is.</summary>
    Promote,

    /// <summary>All is well.</summary>
    Rest,

    /// <summary>Looks again later.</summary>
    Wait,

    /// <summary>Ends, and says why.</summary>
    Refuse,
}

/// <summary>How far a server has come with its member.</summary>
public enum MemberStage
{
    /// <summary>Founds a cluster of its own; nothing was acknowledged yet.</summary>
    Founding,

    /// <summary>Is to join a cluster, or to join it again.</summary>
    Joining,

    /// <summary>Was admitted: there is an identity that must not be used without its data.</summary>
    In,
}

/// <summary>What is known before deciding.</summary>
/// <param name="Name">Of this server.</param>
/// <param name="Peer">Where the others reach its member.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="Id">Of its member; 0 where it has none yet.</param>
/// <param name="HasData">Whether the member's log is on the disk.</param>
/// <param name="Runs">Whether the member's process runs.</param>
/// <param name="Before">How many members there were when they were last seen, itself included.</param>
/// <param name="Seen">The members as the cluster lists them; null where none answers that has a leader.</param>
public sealed record MemberView(string Name, Uri Peer, MemberStage Stage, ulong Id, bool HasData, bool Runs, int Before, IReadOnlyList<ClusterMember>? Seen);

/// <summary>What to do, and why.</summary>
/// <param name="Act">The next act; afterwards everything is looked at anew.</param>
/// <param name="Id">With <see cref="MemberAct.Remove"/> and <see cref="MemberAct.Promote"/>: whose.</param>
/// <param name="Why">For the log, with the remedy after a semicolon where people have to do something.</param>
public sealed record MemberPlan(MemberAct Act, ulong Id, string Why);

/// <summary>
/// Decides about the one member that a server keeps. An identity is never used again once its data is gone: what it had promised to the others is
/// forgotten with them. It is removed first, and the server is taken in anew, with another identity, as a learner that has no vote until it caught up.
/// </summary>
public static class MemberDecide
{
    /// <summary>The next act; pure.</summary>
    public static MemberPlan Next(MemberView view) => view switch
    {
        { Runs: true } => Running(view),
        { Stage: MemberStage.In, HasData: true, Seen: { } seen } when seen.All(m => m.Id != view.Id) => Gone(view),
        { HasData: true, Stage: MemberStage.In or MemberStage.Founding } => new(MemberAct.Start, view.Id, "starts on its data"),
        { Stage: MemberStage.Founding } => new(MemberAct.Found, 0, "founds a cluster"),
        { Stage: MemberStage.In, Before: <= 1 } => Lost(),
        { Seen: { } seen } => Enter(view, seen),
        { Stage: MemberStage.In } => new(MemberAct.Wait, 0, "its data is gone, and no other member answers that has a leader; it is taken in anew when one does"),
        _ => new(MemberAct.Wait, 0, "no member answers that has a leader; it is taken in when one does"),
    };

    static MemberPlan Running(MemberView view)
    {
        if (view.Seen is not { } seen)
            return new(MemberAct.Rest, 0, "no leader is seen");
        var own = view.Id == 0 ? seen.FirstOrDefault(m => m.Peer == view.Peer) : seen.FirstOrDefault(m => m.Id == view.Id);
        return own switch
        {
            null => Gone(view),
            { IsLearner: true } => new(MemberAct.Promote, own.Id, "has caught up as far as it can tell"),
            _ => new(MemberAct.Rest, own.Id, "is a voter"),
        };
    }

    // 1. What is left of an identity of ours goes. 2. One is taken in at a time, which is etcd's own rule. 3. Then we are.
    static MemberPlan Enter(MemberView view, IReadOnlyList<ClusterMember> seen)
    {
        if (seen.FirstOrDefault(m => m.Peer == view.Peer || (view.Id != 0 && m.Id == view.Id)) is { } old)
        {
            return seen.Count == 1
                ? Lost()
                : new(MemberAct.Remove, old.Id, $"the identity {old.IdText} has no data any more, so that it must not be used again");
        }

        if (seen.FirstOrDefault(m => m.Name == view.Name) is { } namesake)
            return new(MemberAct.Refuse, 0, $"there is a server '{view.Name}' in the cluster, at {namesake.Peer.Authority}; give another name with --name, or remove that one with 'mainstay server remove {view.Name}'");
        return seen.FirstOrDefault(m => m.IsLearner) is { } learner
            ? new(MemberAct.Wait, 0, $"{(learner.Name.Length > 0 ? learner.Name : learner.Peer.Authority)} is being taken in; one is at a time")
            : new(MemberAct.Add, 0, "asks to be taken in");
    }

    static MemberPlan Gone(MemberView view) => new(
        MemberAct.Refuse, 0, $"the server '{view.Name}' was removed from the cluster; to bring it back, move the folder etcd of its data folder away and join again with a token");

    static MemberPlan Lost() => new(
        MemberAct.Refuse, 0, "the data of the cluster's only member is gone; restore a backup with 'mainstay store restore', or move the folder etcd of the data folder away to begin with nothing");
}
