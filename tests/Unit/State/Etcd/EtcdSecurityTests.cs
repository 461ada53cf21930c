using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.Tests.Conformance;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.State.Etcd;

/// <summary>TLS with certificates of both sides, and users with passwords, at a member of etcd that asks for them.</summary>
public sealed class EtcdSecurityTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Over_tls_each_side_knows_the_other()
    {
        using var authority = Authority("test authority");
        Write(authority, null, "ca");
        using var forServer = Leaf(authority, "server", "server");
        using var forClient = Leaf(authority, "client", "client");
        using var stranger = Authority("stranger");
        Write(stranger, null, "stranger");
        var port = FreePorts.One();
        using var member = new EtcdMember(
            port, "--listen-peer-urls", $"http://127.0.0.1:{FreePorts.One()}", "--listen-client-urls", $"https://127.0.0.1:{port}", "--advertise-client-urls", $"https://127.0.0.1:{port}",
            "--cert-file", folder["server.pem"], "--key-file", folder["server.key"], "--client-cert-auth", "--trusted-ca-file", folder["ca.pem"]);
        member.Start();
        await using (var store = await OpenAsync($"etcds://127.0.0.1:{port}/t?ca={folder["ca.pem"]}&cert={folder["client.pem"]}&key={folder["client.key"]}", null))
            (await store.DoAsync(Put("a", "1"))).Succeeded.ShouldBeTrue();
        var one = TimeSpan.FromSeconds(1);
        await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync($"etcds://127.0.0.1:{port}/t?ca={folder["stranger.pem"]}", null, one));
        await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync($"etcds://127.0.0.1:{port}/t?ca={folder["ca.pem"]}", null, one));
    }

    [Fact]
    public async Task A_user_with_a_password_gets_in_and_others_do_not()
    {
        using var member = EtcdMember.Alone();
        member.Start();
        var at = $"127.0.0.1:{member.Port}";
        await using (await OpenAsync($"etcd://{at}/t", null))
        {
            foreach (var command in new[]
            {
                "user add root:rootpw", "user grant-role root root", "role add part", "role grant-permission part --prefix=true readwrite t/",
                "user add ops:opspw", "user grant-role ops part", "auth enable",
            })
                await CtlAsync(at, command);
        }

        await using (var store = await OpenAsync($"etcd://ops@{at}/t", "opspw"))
            (await store.DoAsync(Put("a", "1"))).Succeeded.ShouldBeTrue();
        (await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync($"etcd://ops@{at}/t", "wrong"))).Message.ShouldContain("password");
        (await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync($"etcd://{at}/t", null))).Message.ShouldContain("user");
        (await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync($"etcd://ops@{at}/other", "opspw"))).Message.ShouldContain("permission");
    }

    static async Task<EtcdStore> OpenAsync(string address, string? password, TimeSpan? patience = null)
    {
        var problems = new List<string>();
        var options = EtcdAddress.Read(address, password, problems);
        problems.ShouldBeEmpty();
        return await EtcdStore.OpenAsync(options! with { Patience = patience ?? TimeSpan.FromSeconds(60) });
    }

    static async Task CtlAsync(string at, string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/etcdctl", $"--endpoints={at} {command}")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["ETCDCTL_API"] = "3" },
        })!;
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await process.StandardError.ReadToEndAsync());
    }

    static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    X509Certificate2 Leaf(X509Certificate2 authority, string name, string file)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.Create(authority, now.AddHours(-12), now.AddHours(12), RandomNumberGenerator.GetBytes(8));
        Write(certificate, key, file);
        return certificate;
    }

    void Write(X509Certificate2 certificate, ECDsa? key, string file)
    {
        File.WriteAllText(folder[file + ".pem"], certificate.ExportCertificatePem());
        if (key is not null)
            File.WriteAllText(folder[file + ".key"], key.ExportECPrivateKeyPem());
    }
}
