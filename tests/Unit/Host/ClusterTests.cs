using System.Security.Cryptography.X509Certificates;
using Mainstay.Host.Cluster;
using Mainstay.Host.Security;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host;

/// <summary>What a server shows and gives to become one of a cluster.</summary>
public sealed class ClusterTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_token_is_known_by_every_server_with_the_authority_until_it_ends()
    {
        var authority = NodeAuthority.Open(folder["a"], time);
        NodeAuthority.Keep(folder["b"], authority.Pem, authority.KeyPem);
        var other = NodeAuthority.Open(folder["b"], time);
        var until = time.GetUtcNow() + TimeSpan.FromHours(1);
        var token = ServerTokens.Make(authority, until);
        ServerTokens.FingerprintOf(token).ShouldBe(authority.Fingerprint);
        var read = ServerTokens.Read(other, token, time.GetUtcNow());
        read.ShouldNotBeNull().Id.ShouldBe(ServerTokens.Read(authority, token, time.GetUtcNow())!.Value.Id);
        ServerTokens.Read(other, token, until).ShouldBeNull("it has ended");
    }

    [Fact]
    public void What_was_changed_or_is_of_another_cluster_is_no_token()
    {
        var authority = NodeAuthority.Open(folder["a"], time);
        var stranger = NodeAuthority.Open(folder["s"], time);
        var now = time.GetUtcNow();
        var token = ServerTokens.Make(authority, now + TimeSpan.FromHours(1));
        var parts = token.Split('.');
        string?[] wrong =
        [
            null, "", "a.b.c.d", ServerTokens.Make(stranger, now + TimeSpan.FromHours(1)), $"{long.Parse(parts[0]) + 1}.{parts[1]}.{parts[2]}.{parts[3]}",
            $"{parts[0]}.0000000000000000.{parts[2]}.{parts[3]}", $"{parts[0]}.{parts[1]}.{new string('A', 43)}.{parts[3]}", $"99999999999999999.{parts[1]}.{parts[2]}.{parts[3]}",
            $"-1.{parts[1]}.{parts[2]}.{parts[3]}", token + new string('x', 300),
        ];
        foreach (var one in wrong)
            ServerTokens.Read(authority, one, now).ShouldBeNull(one);
        ServerTokens.FingerprintOf("a.b.c").ShouldBeNull();
    }

    [Fact]
    public void A_member_shows_its_address_and_a_new_certificate_before_the_old_one_ends()
    {
        var place = new ClusterPlace("a", new(System.Net.IPAddress.Parse("10.0.0.1"), 2379));
        var identity = new ClusterIdentity(folder["etcd"], place, time);
        var first = identity.Current();
        first.MatchesHostname("10.0.0.1").ShouldBeTrue();
        NodeAuthority.Signed(X509CertificateLoader.LoadCertificateFromFile(identity.AuthorityFile), first, time.GetUtcNow()).ShouldBeTrue();
        identity.Current().Thumbprint.ShouldBe(first.Thumbprint);
        time.Advance(TimeSpan.FromDays(21));
        identity.Current().NotAfter.ShouldBeGreaterThan(first.NotAfter);
        // A server that moved shows where it is now.
        new ClusterIdentity(folder["etcd"], place with { End = new(System.Net.IPAddress.Parse("10.0.0.2"), 2379) }, time).Current().MatchesHostname("10.0.0.2").ShouldBeTrue();
    }

    [Theory]
    [InlineData("10.0.0.1", "https://10.0.0.1:2379/ https://10.0.0.1:2380/ https://10.0.0.1:2381/")]
    [InlineData("127.0.0.1:7000", "https://127.0.0.1:7000/ https://127.0.0.1:7001/ https://127.0.0.1:7002/")]
    [InlineData("[::1]:7000", "https://[::1]:7000/ https://[::1]:7001/ https://[::1]:7002/")]
    [InlineData("0.0.0.0", null)]
    [InlineData("host:1", null)]
    [InlineData("127.0.0.1:65534", null)]
    [InlineData("127.0.0.1:0", null)]
    [InlineData("", null)]
    public void A_place_is_an_address_with_three_ports(string text, string? expected)
    {
        List<string> problems = [];
        var end = ClusterPlace.Read(text, problems);
        (problems.Count == 0).ShouldBe(expected is not null);
        if (end is not null)
        {
            var place = new ClusterPlace("a", end);
            $"{place.Client} {place.Peer} {place.Door}".ShouldBe(expected);
        }
    }
}
