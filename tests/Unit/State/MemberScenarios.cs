using System.Globalization;
using Mainstay.State.Cluster;
using Mainstay.State.Decide;
using Mainstay.Tests.Scenarios;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>
/// What a server decides about its member of etcd, and how members stand together. Each line of input is a member as the cluster lists it:
/// <c>NAME[@PLACE] ID [learner] [leads ID | leaderless | away]</c>, its peer address <c>PLACE:2380</c>; <c>?</c> is a member that was never started.
/// </summary>
public sealed class MemberScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("member");

    [Theory]
    [MemberData(nameof(Files))]
    public void Play(string file) => ScenarioFile.Run(file, step => step.Words switch
    {
        ["next", var name, var stage, .. var rest] => Next(name, stage, rest, step.Input),
        ["judge"] => Judge(Seen(step.Input)),
        ["remove", var name] => QuorumDecide.WhyNotRemove(Seen(step.Input), name) ?? "may be removed",
        _ => throw new InvalidOperationException(step.Command),
    });

    /// <summary>However the members come and go, no act takes the last data away, and no two starts have one identity.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_identity_that_lost_its_data_never_starts_again(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var seen = random.Next(4) == 0 ? null : Enumerable.Range(0, random.Next(4)).Select(n => Member($"{(char)('a' + n)} {n + 1}{(random.Next(4) == 0 ? " learner" : "")}")).ToList();
            var id = (ulong)random.Next(4);
            var view = new MemberView(
                "a", new("https://a:2380"), (MemberStage)random.Next(3), id, random.Next(2) == 0, random.Next(3) == 0, random.Next(4), seen);
            var plan = MemberDecide.Next(view);
            if (plan.Act == MemberAct.Start)
                view.HasData.ShouldBeTrue($"{view}");
            if (plan.Act == MemberAct.Found)
                (view.HasData, view.Stage).ShouldBe((false, MemberStage.Founding), $"{view}");
            if (plan.Act == MemberAct.Remove)
                seen!.Count.ShouldBeGreaterThan(1, $"{view}");
            if (plan.Act == MemberAct.Add)
                seen!.ShouldNotContain(m => m.Peer == view.Peer || m.Id == id, $"{view}");
        }
    }

    static string Next(string name, string stage, string[] rest, string input)
    {
        var words = rest.ToHashSet();
        var id = rest.FirstOrDefault(w => w.StartsWith("id=", StringComparison.Ordinal)) is { } given ? ulong.Parse(given[3..], CultureInfo.InvariantCulture) : 0;
        var before = rest.FirstOrDefault(w => w.StartsWith("before=", StringComparison.Ordinal)) is { } count ? int.Parse(count[7..], CultureInfo.InvariantCulture) : 3;
        var plan = MemberDecide.Next(new(
            name, new($"https://{name}:2380"), Enum.Parse<MemberStage>(stage, ignoreCase: true), id, words.Contains("data"), words.Contains("runs"), before,
            words.Contains("alone") ? null : [.. Seen(input).Select(s => s.Member)]));
        return $"{plan.Act}{(plan.Id == 0 ? "" : $" {plan.Id}")}: {plan.Why}";
    }

    static string Judge(IReadOnlyList<SeenMember> seen)
    {
        var quorum = QuorumDecide.Judge(seen);
        return $"{(quorum.Holds ? "holds" : "lost")}, {quorum.Answering} of {quorum.Voters}, leader {quorum.Leader}, spare {quorum.Spare}\n{quorum.Why ?? "all is well"}";
    }

    static List<SeenMember> Seen(string input) => [.. input.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => new SeenMember(Member(line), Health(line.Split(' '))))];

    static ClusterMember Member(string line)
    {
        var words = line.Split(' ');
        var (name, place) = words[0].TrimEnd('?').Split('@') is [var called, var at] ? (called, at) : (words[0].TrimEnd('?'), words[0].TrimEnd('?'));
        return new(ulong.Parse(words[1], CultureInfo.InvariantCulture), words[0].EndsWith('?') ? "" : name, new($"https://{place}:2380"), words[0].EndsWith('?') ? null : new($"https://{place}:2379"), words.Contains("learner"));
    }

    static MemberHealth? Health(string[] words) => words switch
    {
        [.., "away"] => null,
        [.., "leaderless"] => MemberHealth.Leaderless,
        [.., "leads", var id] => MemberHealth.Leaderless with { Leader = ulong.Parse(id, CultureInfo.InvariantCulture) },
        [.., "full", var id] => MemberHealth.Leaderless with { Leader = ulong.Parse(id, CultureInfo.InvariantCulture), Errors = ["NOSPACE"] },
        _ => MemberHealth.Leaderless,
    };
}
