using System.Net;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>The heartbeat and the flow, in the order in which they may meet: no wait is left without an end.</summary>
public sealed class WaitsTests
{
    readonly FakeTime time = new();
    readonly StillWire wire = new();

    [Fact]
    public async Task A_client_has_its_own_time_for_what_the_endpoint_brought_just_as_its_time_was_over()
    {
        await using var gateway = new GatewayUnderTest([], time: time);
        var waits = new Waits(gateway.Gateway, wire);
        waits.ForUpstreamBody(isEventStream: false);
        Beat(gateway, waits, gateway.Gateway.Limits.UpstreamStall + TimeSpan.FromSeconds(1));
        waits.IsExpired.ShouldBeTrue();

        waits.ForClient(100);
        Beat(gateway, waits, TimeSpan.FromMilliseconds(200));
        wire.IsReset.ShouldBeFalse();
        Beat(gateway, waits, gateway.Gateway.Limits.BodyStall + TimeSpan.FromSeconds(1));
        wire.IsReset.ShouldBeTrue();
        waits.Why(Reason.UpstreamAborted).ShouldBe(Reason.UpstreamTimeout);
    }

    [Fact]
    public async Task A_wait_that_began_after_the_time_was_over_ends_with_the_next_beat()
    {
        await using var gateway = new GatewayUnderTest([], time: time);
        var waits = new Waits(gateway.Gateway, wire);
        waits.ForClient(100);
        Beat(gateway, waits, gateway.Gateway.Limits.BodyStall + TimeSpan.FromSeconds(1));
        wire.IsReset.ShouldBeTrue();

        waits.ForTunnel();
        wire.IsReset = false;
        Beat(gateway, waits, TimeSpan.FromMilliseconds(100));
        wire.IsReset.ShouldBeTrue();
    }

    [Fact]
    public async Task A_head_that_came_just_as_its_time_was_over_is_served_in_its_own_time()
    {
        await using var gateway = new GatewayUnderTest([], time: time);
        var waits = new Waits(gateway.Gateway, wire);
        waits.ForHead();
        Beat(gateway, waits, gateway.Gateway.Limits.HeadRead + TimeSpan.FromSeconds(1));
        wire.IsStopped.ShouldBeTrue();
        waits.Arrived().ShouldBeFalse();

        waits.ForTunnel();
        Beat(gateway, waits, TimeSpan.FromSeconds(1));
        wire.IsReset.ShouldBeFalse();
        Beat(gateway, waits, gateway.Gateway.Limits.StreamIdle + TimeSpan.FromSeconds(1));
        wire.IsReset.ShouldBeTrue();
    }

    void Beat(GatewayUnderTest gateway, Waits waits, TimeSpan after)
    {
        time.Advance(after);
        waits.Tick(gateway.Gateway.Clock.CoarseMs, askPeer: false, endIdle: false);
    }

    /// <summary>A wire on which nothing happens but what is done to it.</summary>
    sealed class StillWire : Wire
    {
        public bool IsReset { get; set; }

        public bool IsStopped { get; private set; }

        public override IPEndPoint? Peer => null;

        public override bool IsReadable => false;

        public override bool IsEnded => false;

        public override ValueTask<int> ReceiveAsync(Memory<byte> into) => new(Broken);

        public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => new(bytes.Length);

        public override void EndSending()
        {
        }

        public override void StopReceiving() => IsStopped = true;

        public override void Close(bool reset = false) => IsReset |= reset;
    }
}
