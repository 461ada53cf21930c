using Mainstay.Core.Reconcile;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Reconcile;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 50)]
    [InlineData(2, 100)]
    [InlineData(3, 200)]
    [InlineData(8, 6400)]
    [InlineData(9, 10_000)]
    [InlineData(int.MaxValue, 10_000)]
    [InlineData(int.MinValue, 50)]
    public void The_wait_doubles_up_to_the_most(int failures, int milliseconds) =>
        Backoff.After(failures, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(10)).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Fact]
    public void No_wait_is_longer_than_the_most()
    {
        Backoff.After(1, TimeSpan.FromHours(2), TimeSpan.FromHours(1)).ShouldBe(TimeSpan.FromHours(1));
        Backoff.After(1000, TimeSpan.FromDays(1), TimeSpan.MaxValue).ShouldBe(TimeSpan.MaxValue);
        Backoff.After(1000, TimeSpan.Zero, TimeSpan.FromHours(1)).ShouldBe(TimeSpan.Zero);
    }
}
