using Mainstay.State.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Decide;

public sealed class RetentionDecideTests
{
    const long Mebi = 1 << 20;

    static readonly Retention Limits = new(KeepRevisions: 10_000, KeepBytes: 100 * Mebi, BacklogRevisions: 40_000, BacklogBytes: 50 * Mebi);

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 500 * Mebi, 0)] // the last revision stays, however large
    [InlineData(10_000, Mebi, 0)] // at the limit
    [InlineData(10_999, Mebi, 0)] // less than a slice beyond it
    [InlineData(11_000, Mebi, 1_000)]
    [InlineData(50_000, Mebi, 1_000)] // one slice at a time
    [InlineData(200, 200 * Mebi, 8)] // 1 MiB each: 100 too many, but no more than 8 MiB at once
    [InlineData(200, 107 * Mebi, 0)] // over in bytes, by less than a slice
    [InlineData(30, 120 * Mebi, 2)] // 4 MiB each
    public void ASliceIsFoldedOnceHistoryIsThatFarBeyondItsLimits(long revisions, long bytes, long slice) =>
        RetentionDecide.Slice(revisions, bytes, Limits, quiet: true).ShouldBe(slice);

    [Theory]
    [InlineData(11_000, Mebi, 0)] // beyond what is kept, but that may wait
    [InlineData(50_999, Mebi, 0)] // less than a slice beyond the backlog
    [InlineData(51_000, Mebi, 1_000)]
    [InlineData(1_000, 150 * Mebi, 0)]
    [InlineData(1_000, 160 * Mebi, 50)] // 160 KiB each: 8 MiB at once
    public void WhileSomebodyWritesABacklogMayWait(long revisions, long bytes, long slice) =>
        RetentionDecide.Slice(revisions, bytes, Limits, quiet: false).ShouldBe(slice);
}
