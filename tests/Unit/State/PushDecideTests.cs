using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>What an answer to a pushed message means.</summary>
public sealed class PushDecideTests
{
    [Theory]
    [InlineData(200, null, SettleAs.Ack, null, null)]
    [InlineData(204, "9", SettleAs.Ack, null, null)]
    [InlineData(302, null, SettleAs.Retry, null, "it answered 302")]
    [InlineData(404, "9", SettleAs.Retry, null, "it answered 404")]
    [InlineData(410, null, SettleAs.Dead, null, "it answered 410")]
    [InlineData(429, "9", SettleAs.Retry, 9, "it answered 429")]
    [InlineData(503, "99999999", SettleAs.Retry, 2_592_000, "it answered 503")]
    [InlineData(503, "Wed, 21 Oct 2015 07:28:00 GMT", SettleAs.Retry, null, "it answered 503")]
    [InlineData(null, null, SettleAs.Retry, null, "no answer")]
    public void AnAnswerSettlesTheDelivery(int? status, string? retryAfter, SettleAs how, int? afterSeconds, string? why) =>
        PushDecide.Settle("1-1", status, retryAfter, "no answer").ShouldBe(new("1-1", how, afterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, why));
}
