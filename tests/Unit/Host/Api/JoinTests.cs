using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Builder;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>The door for agents of other machines, over real TLS on a free loopback port.</summary>
public sealed class JoinTests : IAsyncLifetime
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new(TimeProvider.System.GetUtcNow());
    MemoryStore store = null!;
    NodeAuthority authority = null!;
    WebApplication app = null!;
    Uri door = null!;
    HttpClient admin = null!;

    public async ValueTask InitializeAsync()
    {
        store = new(time);
        authority = NodeAuthority.Open(folder.Path, time);
        app = ApiServer.Build(
            new() { Listen = "http://127.0.0.1:0", InternalToken = ApiFixture.InternalToken, Agents = new(IPAddress.Loopback, 0), Authority = authority },
            new ServerServices(store, CoreKinds.All, time));
        await app.StartAsync();
        door = new(app.Urls.Single(u => u.StartsWith("https:", StringComparison.Ordinal)));
        admin = new() { BaseAddress = new(app.Urls.Single(u => u.StartsWith("http:", StringComparison.Ordinal))) };
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await store.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task AMachineJoinsOnceByTokenAndSpeaksForItselfAlone()
    {
        var token = await TokenAsync();
        token.ShouldEndWith("." + authority.Fingerprint);
        using var stranger = Client(null);
        NodeAuthority.FingerprintOf(X509Certificate2.CreateFromPem((await stranger.GetJsonAsync<AuthorityGiven>("join/authority", default))!.Pem)).ShouldBe(authority.Fingerprint);
        using var h2 = Client(await JoinAsync("h2", token));

        (await ReportAsync(h2, "h2")).ShouldBe(HttpStatusCode.OK);
        (await ReportAsync(h2, "h3")).ShouldBe(HttpStatusCode.Forbidden);
        (await ReportAsync(stranger, "h2")).ShouldBe(HttpStatusCode.Forbidden);
        (await h2.GetAsync("api/v1/status")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await AskAsync("h4", token)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        // The name is taken while its agent answers; what was given for another name is worth nothing there.
        (await AskAsync("h2", await TokenAsync())).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task ATokenEndsAndASecretIsKeptAsDigestAlone()
    {
        var token = await TokenAsync("1m");
        var kept = (await store.RangeAsync(CoreKinds.All.Of<JoinToken>().Prefix)).Entries.Single();
        System.Text.Encoding.UTF8.GetString(kept.Value.Span).ShouldNotContain(token.Split('.')[1]);
        (await AskAsync("h2", token.Replace(token.Split('.')[1], new string('0', 32), StringComparison.Ordinal))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        time.Advance(TimeSpan.FromMinutes(2));
        (await AskAsync("h2", token)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await AskAsync("NOT A NAME", await TokenAsync())).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task ACertificateIsRenewedAndTheOneBeforeEndsWithTheNext()
    {
        using var first = Client(await JoinAsync("h2", await TokenAsync()));
        using var second = Client(await RenewAsync(first));
        // Connections that were made with the one before go on.
        (await ReportAsync(second, "h2")).ShouldBe(HttpStatusCode.OK);
        (await ReportAsync(first, "h2")).ShouldBe(HttpStatusCode.OK);
        using var third = Client(await RenewAsync(second));
        (await ReportAsync(third, "h2")).ShouldBe(HttpStatusCode.OK);
        (await ReportAsync(first, "h2")).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task ACertificateThatEndedIsGoodForItsRenewalAlone()
    {
        using var off = Client(await JoinAsync("h2", await TokenAsync()));
        time.Advance(authority.Life + TimeSpan.FromMinutes(1));
        (await ReportAsync(off, "h2")).ShouldBe(HttpStatusCode.Forbidden);
        using var back = Client(await RenewAsync(off));
        (await ReportAsync(back, "h2")).ShouldBe(HttpStatusCode.OK);
    }

    async Task<X509Certificate2> RenewAsync(HttpClient of)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var answer = await of.PostJsonAsync("internal/v1/renew", new RenewAsk(Request(key)), default);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return With(key, (await answer.ReadAsync<JoinGiven>(default)).Certificate);
    }

    [Fact]
    public void AnAuthorityIsTheSameAfterARestartAndKeepsItsKeyToItself()
    {
        NodeAuthority.Open(folder.Path, time).Fingerprint.ShouldBe(authority.Fingerprint);
        File.GetUnixFileMode(Path.Combine(folder.Path, "ca.key")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var self = new CertificateRequest("CN=host:h2", key, HashAlgorithmName.SHA256).CreateSelfSigned(time.GetUtcNow(), time.GetUtcNow().AddDays(1));
        authority.HostOf(self).ShouldBeNull();
        authority.HostOf(authority.Server()).ShouldBeNull();
        authority.SignHost([1, 2, 3], "h2").ShouldBeNull();
    }

    async Task<string> TokenAsync(string ttl = "1h")
    {
        using var answer = await admin.PostAsJsonAsync("api/v1/join-tokens", new { ttl });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["token"]!;
    }

    async Task<X509Certificate2> JoinAsync(string name, string token)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var answer = await AskAsync(name, token, key);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return With(key, (await answer.ReadAsync<JoinGiven>(default)).Certificate);
    }

    async Task<HttpResponseMessage> AskAsync(string name, string token, ECDsa? key = null)
    {
        using var own = key is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        using var client = Client(null);
        return await client.PostJsonAsync("join", new JoinAsk(name, token, Request(key ?? own!)), default);
    }

    static async Task<HttpStatusCode> ReportAsync(HttpClient client, string host)
    {
        using var answer = await client.PostJsonAsync($"internal/v1/agents/{host}/report", new AgentReport { AgentPid = 1, Address = "10.0.0.2" }, default);
        return answer.StatusCode;
    }

    static string Request(ECDsa key) => Convert.ToBase64String(new CertificateRequest("CN=asks", key, HashAlgorithmName.SHA256).CreateSigningRequest());

    static X509Certificate2 With(ECDsa key, string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.CopyWithPrivateKey(key);
    }

    HttpClient Client(X509Certificate2? shows) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            LocalCertificateSelectionCallback = shows is null ? null : (_, _, _, _, _) => shows,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 certificate && NodeAuthority.Signed(X509Certificate2.CreateFromPem(authority.Pem), certificate, time.GetUtcNow()),
        },
    }) { BaseAddress = door };
}
