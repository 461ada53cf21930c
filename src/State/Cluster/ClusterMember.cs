namespace Mainstay.State.Cluster;

/// <summary>A member of etcd, as the cluster lists it.</summary>
/// <param name="Id">Given with each admission; never given twice.</param>
/// <param name="Name">Of the server that keeps it; empty until it was started the first time.</param>
/// <param name="Peer">Where the other members reach it.</param>
/// <param name="Client">Where its clients reach it; null until it was started the first time.</param>
/// <param name="IsLearner">Whether it only follows yet and has no vote.</param>
public sealed record ClusterMember(ulong Id, string Name, Uri Peer, Uri? Client, bool IsLearner)
{
    /// <summary>The id as etcd's tools write it.</summary>
    public string IdText => Id.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What a member answers of itself.</summary>
/// <param name="Leader">The member that leads as far as it knows; 0 where it knows none.</param>
/// <param name="Bytes">Size of its data, free pages included.</param>
/// <param name="Applied">How far it carried out the members' common log.</param>
/// <param name="Revision">etcd's revision there.</param>
/// <param name="Errors">What it complains of: an alarm, for example.</param>
public sealed record MemberHealth(ulong Leader, long Bytes, ulong Applied, long Revision, IReadOnlyList<string> Errors)
{
    /// <summary>Of a member that answers and knows no leader.</summary>
    public static MemberHealth Leaderless { get; } = new(0, 0, 0, 0, []);
}
