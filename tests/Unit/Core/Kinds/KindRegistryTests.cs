using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Kinds;

public sealed class KindRegistryTests
{
    public static TheoryData<string> EveryKind => [.. CoreKinds.All.All.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void A_kind_is_found_by_all_that_names_it(string name)
    {
        var kind = CoreKinds.All.Find(name).ShouldNotBeNull();
        CoreKinds.All.Find(kind.Plural).ShouldBeSameAs(kind);
        CoreKinds.All.Of(kind.Type).ShouldBeSameAs(kind);
        CoreKinds.All.OfKey(kind.KeyOf("a.b/c")).ShouldBeSameAs(kind);
        kind.KeyOf("x").ShouldBe(name + "/x");
        CoreKinds.All.All.Count(k => kind.KeyOf("").StartsWith(k.Prefix, StringComparison.Ordinal)).ShouldBe(1);
    }

    [Theory]
    [InlineData("service")]
    [InlineData("services/web")]
    [InlineData("Service/web")]
    [InlineData("serv/web")]
    [InlineData("/web")]
    [InlineData("meta")]
    [InlineData("")]
    public void Other_keys_are_of_no_kind(string key) => CoreKinds.All.OfKey(key).ShouldBeNull();

    [Theory]
    [InlineData("Services")]
    [InlineData("service/")]
    [InlineData("")]
    public void Other_names_are_of_no_kind(string name) => CoreKinds.All.Find(name).ShouldBeNull();

    // They are members of the dashboard's types, too.
    [Fact]
    public void Names_are_words() => CoreKinds.All.All.Select(k => k.Name).ShouldAllBe(name => name.All(char.IsAsciiLetterLower));

    [Fact]
    public void Users_write_what_they_declare_and_nothing_else() =>
        CoreKinds.All.All.Where(k => k.Writes == KindWrites.Users).Select(k => k.Name).ShouldBe(["service", "gateway", "route", "objective", "rule", "flow"]);

    [Fact]
    public void Groups_are_those_of_the_resource()
    {
        var link = new MeshLink { Name = "web.db", Caller = "web", Callee = "db", Port = 1 };
        CoreKinds.All.Of<MeshLink>().GroupOf(link).ShouldBe("web");
        CoreKinds.All.Of<Gateway>().GroupOf(new Gateway { Name = "gateway" }).ShouldBeNull();
    }

    [Fact]
    public void A_decoded_resource_has_the_revision_of_its_entry()
    {
        var entry = new Entry("gateway/gateway", Codec.Encode(new Gateway { Name = "gateway", Listen = "http://127.0.0.1:1" }), 3, 9);
        CoreKinds.All.Of(typeof(Gateway)).Decode(entry).ShouldBe(new Gateway { Name = "gateway", Listen = "http://127.0.0.1:1", Revision = 9 });
    }

    [Fact]
    public void A_name_or_record_registered_twice_is_refused()
    {
        Should.Throw<ArgumentException>(() => new KindRegistry(new Kind<Gateway>("a", "as"), new Kind<Route>("a", "bs")));
        Should.Throw<ArgumentException>(() => new KindRegistry(new Kind<Gateway>("a", "as"), new Kind<Gateway>("b", "bs")));
        Should.Throw<ArgumentException>(() => new KindRegistry(new Kind<Gateway>("a", "b"), new Kind<Route>("b", "bs")));
        Should.Throw<ArgumentException>(() => new KindRegistry(new Kind<Gateway>("a", "s"), new Kind<Route>("b", "s")));
    }

    [Fact]
    public void Columns_are_asked_of_the_record()
    {
        var columns = CoreKinds.All.Of<MeshLink>().Columns;
        var link = new MeshLink { Name = "web.db", Caller = "web", Callee = "db", Port = 30_000 };
        string.Join(' ', columns.Select(c => $"{c.Title}={c.Text(link)}")).ShouldBe("CALLER=web CALLEE=db PORT=30000");
    }
}
