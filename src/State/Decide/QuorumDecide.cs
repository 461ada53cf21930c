using Mainstay.State.Cluster;

namespace Mainstay.State.Decide;

/// <summary>A member with what it answered when it was last asked; null where it did not answer.</summary>
public sealed record SeenMember(ClusterMember Member, MemberHealth? Health);

/// <summary>Whether the members can decide anything.</summary>
/// <param name="Holds">Whether most voters answer and one of them leads.</param>
/// <param name="Voters">Members that have a vote.</param>
/// <param name="Answering">Voters that answer.</param>
/// <param name="Leader">The member that leads; 0 where none does.</param>
/// <param name="Why">What is wrong, for people; null where nothing is.</param>
/// <param name="Spare">How many more voters may fail before nothing can be written.</param>
public sealed record Quorum(bool Holds, int Voters, int Answering, ulong Leader, string? Why, int Spare);

/// <summary>Judges the members of a cluster as a whole.</summary>
public static class QuorumDecide
{
    /// <summary>How they stand; pure.</summary>
    public static Quorum Judge(IReadOnlyList<SeenMember> seen)
    {
        var voters = seen.Where(m => !m.Member.IsLearner).ToList();
        var answering = voters.Count(m => m.Health is not null);
        var needed = Majority(voters.Count);
        // Whom most voters follow: one that was paused may still name the leader of another time.
        var leader = voters.Where(m => m.Health is { Leader: not 0 }).GroupBy(m => m.Health!.Leader).Where(g => g.Count() >= needed).Select(g => g.Key).FirstOrDefault();
        var away = voters.Where(m => m.Health is null).Select(Name).ToList();
        var why = answering < needed
            ? $"{Are(away)} away, and of {Members(voters.Count)} {needed} must answer before anything can be written"
            : leader == 0 ? $"{Members(answering)} answer and none leads yet"
            : away.Count > 0 ? $"{Are(away)} away"
            : seen.FirstOrDefault(m => m.Health is { Errors.Count: > 0 }) is { } troubled ? $"{Name(troubled)} says: {troubled.Health!.Errors[0]}"
            : null;
        return new(voters.Count > 0 && answering >= needed && leader != 0, voters.Count, answering, leader, why, answering - needed);
    }

    /// <summary>Why a server cannot be removed now, with what to do after a semicolon; null where it can.</summary>
    public static string? WhyNotRemove(IReadOnlyList<SeenMember> seen, string name)
    {
        if (seen.FirstOrDefault(m => Name(m) == name) is not { } gone)
            return $"there is no server '{name}' in the cluster; there are {string.Join(", ", seen.Select(Name))}";
        if (gone.Member.IsLearner)
            return null;
        var left = seen.Where(m => !m.Member.IsLearner && m != gone).ToList();
        if (left.Count == 0)
            return $"'{name}' is the only member with a vote; join another server first";
        var (answering, needed) = (left.Count(m => m.Health is not null), Majority(left.Count));
        return answering >= needed
            ? null
            : $"without '{name}' only {answering} of the {left.Count} that are left answer, and {needed} must; bring {string.Join(", ", left.Where(m => m.Health is null).Select(Name))} back first";
    }

    static int Majority(int voters) => (voters / 2) + 1;

    static string Name(SeenMember seen) => seen.Member.Name.Length > 0 ? seen.Member.Name : seen.Member.Peer.Authority;

    static string Members(int count) => count == 1 ? "1 member" : $"{count} members";

    static string Are(List<string> names) => $"{string.Join(" and ", names)} {(names.Count == 1 ? "is" : "are")}";
}
