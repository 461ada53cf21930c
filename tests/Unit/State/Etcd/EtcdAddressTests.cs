using Mainstay.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Etcd;

public sealed class EtcdAddressTests
{
    [Fact]
    public void An_address_names_members_prefix_and_user()
    {
        var problems = new List<string>();
        var options = EtcdAddress.Read("etcd://ops@10.0.0.1:2379,[::1]:2380/teams/a/", "secret", problems)!;
        problems.ShouldBeEmpty();
        options.Endpoints.ShouldBe([new Uri("http://10.0.0.1:2379"), new Uri("http://[::1]:2380")]);
        (options.Prefix, options.User, options.Password).ShouldBe(("teams/a", "ops", "secret"));
        options.ToString().ShouldBe("etcd://10.0.0.1:2379,[::1]:2380/teams/a");
        EtcdAddress.Read("etcds://db:2379", null, problems)!.Endpoints.ShouldBe([new Uri("https://db:2379")]);
        EtcdAddress.Read("etcd://db:2379", null, problems)!.Prefix.ShouldBe("mainstay");
        problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("redis://a:1", "no address of a store")]
    [InlineData("etcd://", "no member")]
    [InlineData("etcd://db", "HOST:PORT")]
    [InlineData("etcd://db:0", "HOST:PORT")]
    [InlineData("etcd://db:2379,db:2379", "twice")]
    [InlineData("etcd://a:b@db:2379", "MAINSTAY_STORE_PASSWORD")]
    [InlineData("etcd://db:2379/a b", "prefix")]
    [InlineData("etcd://db:2379?ca=/x", "etcds://")]
    [InlineData("etcds://db:2379?wrong=/x", "'wrong'")]
    [InlineData("etcds://db:2379?cert=/x", "belong together")]
    [InlineData("etcds://db:2379?ca=/missing/file", "PEM")]
    [InlineData("etcd://ops@db:2379", "has no password")]
    public void What_is_wrong_is_told_with_a_remedy(string address, string told)
    {
        var problems = new List<string>();
        EtcdAddress.Read(address, null, problems).ShouldBeNull();
        string.Join('\n', problems).ShouldContain(told);
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var problems = new List<string>();
        EtcdAddress.Read("etcd://db,other/a b?x=1", null, problems).ShouldBeNull();
        problems.Count.ShouldBe(5);
    }
}
