using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Traffic.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>A queue that pushes is a caller with a mesh link of its own, for as long as it pushes there.</summary>
public sealed class QueueLinkTests
{
    readonly LinkReconciler links = new(_ => true);
    readonly Snapshot seen = new(CoreKinds.All);
    long revision;

    [Fact]
    public void TheLinkComesWithThePushAndGoesWithIt()
    {
        Queue orders = new() { Name = "orders", Spec = new() { Push = new() { To = "mailer" } } };
        Take(orders).ShouldBe(["orders"]);
        var link = links.Next("orders", seen, default)!.Puts.ShouldHaveSingleItem().ShouldBeOfType<MeshLink>();
        (link.Name, link.Caller, link.Callee, link.Port).ShouldBe(("orders.mailer", "orders", "mailer", LinkReconciler.FirstPort));
        Take(link);
        links.Next("orders", seen, default)!.IsNothing.ShouldBeTrue();

        Take(orders with { Spec = new() { Push = new() { To = "audit" } } }).ShouldBe(["orders"]);
        var plan = links.Next("orders", seen, default)!;
        plan.Puts.ShouldHaveSingleItem().Name.ShouldBe("orders.audit");
        plan.Deletes.ShouldHaveSingleItem().Name.ShouldBe("orders.mailer");

        Take(orders with { Spec = new() }).ShouldBe(["orders"]);
        links.Next("orders", seen, default)!.Deletes.ShouldHaveSingleItem().Name.ShouldBe("orders.mailer");
    }

    string[] Take(Resource resource)
    {
        var key = CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);
        var (before, after) = seen.Take(new(key, new(key, Codec.Encode(resource), 1, ++revision), null), revision);
        return [.. links.Affected(before, after, seen)];
    }
}
