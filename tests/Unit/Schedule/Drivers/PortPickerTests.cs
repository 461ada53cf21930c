using System.Net;
using System.Net.Sockets;
using Mainstay.Schedule.Drivers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Schedule.Drivers;

public sealed class PortPickerTests
{
    readonly PortPicker ports = new(IPAddress.Loopback, "a seed of this test");

    [Fact]
    public void NoTwoInstancesShareAPort()
    {
        var picked = Enumerable.Range(0, 200).Select(i => ports.Pick($"web-{i}", 0)).ToList();
        picked.ShouldBeUnique();
        picked.ShouldAllBe(port => port >= PortPicker.First && port <= PortPicker.Last);
    }

    [Fact]
    public void AnInstanceKeepsItsPortWhileItIsFree()
    {
        var first = ports.Pick("web-1", 0)!.Value;
        ports.Pick("web-1", first).ShouldBe(first);
    }

    [Fact]
    public void APortThatSomebodyElseHoldsIsPassedOver()
    {
        var first = ports.Pick("web-1", 0)!.Value;
        using var somebody = new Socket(SocketType.Stream, ProtocolType.Tcp);
        somebody.Bind(new IPEndPoint(IPAddress.Any, first));
        somebody.Listen();
        ports.Pick("web-1", first).ShouldNotBe(first);
    }

    [Fact]
    public void AKeptPortBelongsToItsInstance()
    {
        var free = new PortPicker(IPAddress.Loopback, "a seed of this test").Pick("x", 0)!.Value;
        ports.Keep("web-1", free);
        ports.Pick("web-2", 0).ShouldNotBe(free);
        ports.Pick("web-2", free).ShouldNotBe(free);
        ports.Pick("web-1", free).ShouldBe(free);
        ports.Release("web-2", free);
        ports.Release("web-1", free);
        ports.Pick("web-3", free).ShouldNotBeNull();
    }
}
