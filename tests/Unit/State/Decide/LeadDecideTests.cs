using Mainstay.State.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Decide;

/// <summary>When a server that stands by takes the lead.</summary>
public sealed class LeadDecideTests
{
    static readonly TimeSpan Session = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(false, null, 0, 7, true, "its session is over, whatever else is known")]
    [InlineData(false, 0.1, 7, 7, true, "its session is over although it answers: it cannot write any more")]
    [InlineData(true, null, 0, 7, false, "it never answered this one: the way may be broken")]
    [InlineData(true, 60.0, 7, 7, false, "nobody was elected: etcd hears of it")]
    [InlineData(true, 1.9, 7, 8, false, "an election, and it may answer yet")]
    [InlineData(true, 2.0, 7, 8, true, "an election, and it has not answered since for the session's length")]
    [InlineData(true, 2.0, 0, 8, false, "no term was known when it answered")]
    [InlineData(true, 2.0, 8, 7, false, "what was read is older than the answer")]
    public void ItIsGone(bool isOpen, double? ago, int then, int now, bool gone, string because) =>
        LeadDecide.IsGone(isOpen, ago is { } seconds ? new LeaderSign(TimeSpan.FromSeconds(seconds), (ulong)then) : null, (ulong)now, Session).ShouldBe(gone, because);
}
