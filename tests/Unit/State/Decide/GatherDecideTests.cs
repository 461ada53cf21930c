using Mainstay.State.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Decide;

public sealed class GatherDecideTests
{
    [Theory]
    [InlineData(1, 0, 1)] // one writer: whatever comes goes at once
    [InlineData(1, 1, 2)]
    [InlineData(32, 32, 64)] // two halves become one whole
    [InlineData(64, 0, 64)]
    [InlineData(300, 300, 512)] // no more than a group takes
    public void AGroupWaitsForThoseThatWereThere(int answered, int waiting, int wanted) =>
        GatherDecide.Wanted(answered, waiting, most: 512).ShouldBe(wanted);

    [Theory]
    [InlineData(0, 0)] // nothing was written
    [InlineData(100, 50)]
    [InlineData(1_900, 950)]
    [InlineData(40_000, 1_000)]
    public void ItWaitsForHalfOfWhatTheLastOneTookAndAtMostAMillisecond(int lastUs, int patienceUs) =>
        GatherDecide.Patience(TimeSpan.FromMicroseconds(lastUs)).ShouldBe(TimeSpan.FromMicroseconds(patienceUs));
}
