using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Reconcile;

public sealed class SnapshotTests
{
    readonly Snapshot snapshot = new(CoreKinds.All);

    [Fact]
    public void A_change_is_told_with_what_was_before_and_after()
    {
        Put("web.db", "web", 1).ShouldBe((null, snapshot.Get<MeshLink>("web.db")));
        var first = snapshot.Get<MeshLink>("web.db").ShouldNotBeNull();
        first.Revision.ShouldBe(1);

        Put("web.db", "web", 2).ShouldBe((first, first with { Revision = 2 }));
        Delete("web.db", 3).ShouldBe((first with { Revision = 2 }, null));
        Delete("web.db", 4).ShouldBe((null, null));
        snapshot.Get<MeshLink>("web.db").ShouldBeNull();
        snapshot.Count<MeshLink>().ShouldBe(0);
        snapshot.Revision.ShouldBe(4);
    }

    [Fact]
    public void Groups_are_in_order_and_follow_the_resource()
    {
        Put("b", "web", 1);
        Put("a", "web", 2);
        Put("c", "jobs", 3);
        Group("web").ShouldBe("a b");

        Put("a", "jobs", 4);
        Group("web").ShouldBe("b");
        Group("jobs").ShouldBe("a c");

        Delete("b", 5);
        Group("web").ShouldBe("");
        snapshot.Has<MeshLink>("web").ShouldBeFalse();
        snapshot.Has<MeshLink>("jobs").ShouldBeTrue();
        snapshot.Names(typeof(MeshLink)).ShouldBe(["a", "c"], ignoreOrder: true);
    }

    [Fact]
    public void Kinds_do_not_see_each_other()
    {
        Put("a", "web", 1);
        snapshot.Get<GatewayNode>("a").ShouldBeNull();
        snapshot.All<GatewayNode>().ShouldBeEmpty();
        snapshot.Names(typeof(GatewayNode)).ShouldBeEmpty();
        snapshot.Group<GatewayNode>("web").ShouldBeEmpty();
        snapshot.Has<GatewayNode>("web").ShouldBeFalse();
    }

    [Fact]
    public void A_key_of_no_kind_moves_only_the_revision()
    {
        snapshot.Take(new Change("meta/x", new Entry("meta/x", default, 9, 9), null), 9).ShouldBe((null, null));
        snapshot.Revision.ShouldBe(9);
        snapshot.At(3);
        snapshot.Revision.ShouldBe(9);
    }

    (Resource? Before, Resource? After) Put(string name, string caller, long revision)
    {
        var key = CoreKinds.All.Of<MeshLink>().KeyOf(name);
        var link = new MeshLink { Name = name, Caller = caller, Callee = "db", Port = 1 };
        return snapshot.Take(new Change(key, new Entry(key, Codec.Encode(link), 1, revision), null), revision);
    }

    (Resource? Before, Resource? After) Delete(string name, long revision) =>
        snapshot.Take(new Change(CoreKinds.All.Of<MeshLink>().KeyOf(name), null, null), revision);

    string Group(string caller) => string.Join(' ', snapshot.Group<MeshLink>(caller).Select(l => l.Name));
}
