using Mainstay.State.Lead;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>What a server that stands by knows of the one that leads.</summary>
public sealed class LeaderPulseTests
{
    [Fact]
    public async Task WhatOneLeaderAnsweredSaysNothingOfTheNext()
    {
        await using var pulse = new LeaderPulse((url, _) => Task.FromResult(url == "http://a:1"), static () => 7);
        var (first, second) = (new LeaderRecord(1, "a", "a", "http://a:1", 1), new LeaderRecord(2, "b", "b", "http://b:1", 2));
        pulse.SignOf(first).ShouldBeNull("nobody was asked yet");
        pulse.Follow(first);
        await Until.HoldsAsync(() => pulse.SignOf(first) is { Term: 7 });
        pulse.SignOf(second).ShouldBeNull("else it would be taken for gone as it begins");
        pulse.Follow(second);
        (pulse.SignOf(first), pulse.SignOf(second)).ShouldBe((null, null));
    }
}
