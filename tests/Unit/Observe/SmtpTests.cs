using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Notify;
using Shouldly;
using Xunit;
using CoreServer = Mainstay.Core.Kinds.Observe.MailServer;

namespace Mainstay.Tests.Observe;

/// <summary>Mail handed to a mail server over real sockets, with and without TLS.</summary>
public sealed class SmtpTests
{
    [Fact]
    public async Task AMessageIsHandedOverWithLoginAndTls()
    {
        using var server = new MailServer(tls: true);
        var message = MailText.Write("mainstay@shop.example", ["a@shop.example", "b@shop.example"], "Störung: web → orders", "first\r\n.\r\nMAIL FROM:<evil@x>\r\n注意", "i1", DateTimeOffset.UnixEpoch);
        (await SmtpClient.SendAsync(Place(server), true, ("mainstay", "secret"), "mainstay@shop.example", ["a@shop.example", "b@shop.example"], message, default, server.Trust)).ShouldBeNull();
        var said = await server.Said;
        said.Where(l => !l.StartsWith("data:", StringComparison.Ordinal)).ShouldBe(
        [
            "EHLO mainstay", "STARTTLS", "EHLO mainstay", $"AUTH PLAIN {Convert.ToBase64String("\0mainstay\0secret"u8)}", "MAIL FROM:<mainstay@shop.example>",
            "RCPT TO:<a@shop.example>", "RCPT TO:<b@shop.example>", "DATA", "QUIT",
        ]);
        var text = said.Where(l => l.StartsWith("data:", StringComparison.Ordinal)).Select(l => l[5..]).ToList();
        text.ShouldContain("Date: Thu, 01 Jan 1970 00:00:00 +0000");
        text.ShouldContain($"Subject: =?utf-8?B?{Convert.ToBase64String("Störung: web → orders"u8)}?=");
        Encoding.UTF8.GetString(Convert.FromBase64String(string.Concat(text.SkipWhile(l => l.Length > 0)))).ShouldBe("first\r\n.\r\nMAIL FROM:<evil@x>\r\n注意");
        text.ShouldAllBe(l => l.Length <= 78 && l.All(char.IsAscii));
    }

    [Fact]
    public async Task TlsIsSpokenFromTheFirstByteWhereTheServerIsNamedSo()
    {
        using var server = new MailServer(tls: true, implicitly: true, mechanisms: "LOGIN XOAUTH2");
        (await SmtpClient.SendAsync(Place(server, "smtps://"), true, ("mainstay", "secret"), "a@b", ["c@d"], "Subject: x\r\n\r\nhello", default, server.Trust)).ShouldBeNull();
        (await server.Said).ShouldBe(
        [
            "EHLO mainstay", "AUTH LOGIN", Convert.ToBase64String("mainstay"u8), Convert.ToBase64String("secret"u8), "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "data:Subject: x", "data:", "data:hello", "QUIT",
        ]);
    }

    [Fact]
    public async Task NothingIsSaidToAServerThatIsNotTrustedOrSpeaksNoTls()
    {
        using var strange = new MailServer(tls: true, implicitly: true);
        (await SmtpClient.SendAsync(Place(strange, "smtps://"), true, ("mainstay", "secret"), "a@b", ["c@d"], "x", default)).ShouldNotBeNull("its certificate is not trusted").ShouldContain("smtps://");
        using var plain = new MailServer(tls: false);
        (await SmtpClient.SendAsync(Place(plain, "smtps://"), true, ("mainstay", "secret"), "a@b", ["c@d"], "x", default)).ShouldNotBeNull("it speaks no TLS").ShouldContain("STARTTLS");
        (await plain.Said).ShouldNotContain(l => l.Contains("EHLO", StringComparison.Ordinal) || l.Contains("AUTH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mail.example:587", "mail.example", 587, false)]
    [InlineData("mail.example:465", "mail.example", 465, true)]
    [InlineData("smtps://mail.example", "mail.example", 465, true)]
    [InlineData("SMTPS://mail.example:2465/", "mail.example", 2465, true)]
    [InlineData("smtp://mail.example", "mail.example", 587, false)]
    [InlineData("[::1]:25", "::1", 25, false)]
    [InlineData("smtps://[::1]", "::1", 465, true)]
    public void AServerIsNamedByHostAndPortOrByAUrl(string text, string host, int port, bool tls) => CoreServer.Parse(text).ShouldBe(new CoreServer(host, port, tls));

    [Theory]
    [InlineData("mail.example")]
    [InlineData("mail.example:0")]
    [InlineData(":25")]
    [InlineData("smtps://")]
    [InlineData("http://mail.example:25")]
    [InlineData("smtps://user@mail.example")]
    public void WhatNamesNoServerIsRefused(string text) => CoreServer.Parse(text).ShouldBeNull();

    [Fact]
    public void APasswordGoesOverTlsAlone()
    {
        var email = new EmailSpec { Server = "mail.example:25", From = "a@b", To = ["c@d"], User = "u", Password = "env:MAIL", StartTls = false };
        email.Validate().Select(p => p.What).ShouldBe(["a password is not sent without TLS"]);
        (email with { Server = "smtps://mail.example" }).Validate().ShouldBeEmpty();
        (email with { Server = "mail.example:465" }).Validate().ShouldBeEmpty();
        (email with { Server = "127.0.0.1:25" }).Validate().ShouldBeEmpty();
        (email with { Server = "127.0.0.1.example:25" }).Validate().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task WhatIsRefusedSaysWhy()
    {
        using var plain = new MailServer(tls: false);
        (await SmtpClient.SendAsync(Place(plain), true, null, "a@b", ["c@d"], "x", default)).ShouldBe("it does not offer TLS: it said '502 no'");
        using var picky = new MailServer(tls: false, refuse: "RCPT");
        (await SmtpClient.SendAsync(Place(picky), false, null, "a@b", ["c@d"], "x", default)).ShouldBe("it said '550 no such user'");
        using var strange = new MailServer(tls: true);
        (await SmtpClient.SendAsync(Place(strange), true, null, "a@b", ["c@d"], "x", default)).ShouldNotBeNull("its certificate is not trusted");
    }

    [Fact]
    public void ALongSubjectIsSeveralWordsOfWholeCharacters()
    {
        var lines = MailText.Write("a@b", ["c@d"], string.Concat(Enumerable.Repeat("警报🚨", 30)), "", "i", DateTimeOffset.UnixEpoch).Split("\r\n");
        var words = lines.SkipWhile(l => !l.StartsWith("Subject:", StringComparison.Ordinal)).TakeWhile(l => !l.StartsWith("Date:", StringComparison.Ordinal)).Select(l => l.Replace("Subject:", "", StringComparison.Ordinal).Trim()).ToList();
        words.ShouldAllBe(w => w.Length <= 75);
        string.Concat(words.Select(w => Encoding.UTF8.GetString(Convert.FromBase64String(w["=?utf-8?B?".Length..^2])))).ShouldBe(string.Concat(Enumerable.Repeat("警报🚨", 30)));
    }

    static CoreServer Place(MailServer server, string scheme = "") => CoreServer.Parse(scheme + server.Address)!.Value;

    /// <summary>A mail server for one message, that keeps what it was told.</summary>
    sealed class MailServer : IDisposable
    {
        readonly TcpListener listener = new(IPAddress.Loopback, 0);
        readonly X509Certificate2 certificate;
        readonly List<string> said = [];

        public MailServer(bool tls, string refuse = "-", bool implicitly = false, string mechanisms = "PLAIN LOGIN")
        {
            using var key = RSA.Create(2048);
            using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
            certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
            listener.Start();
            Said = HeardAsync(ServeAsync(tls, refuse, implicitly, mechanisms));
        }

        public string Address => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

        public Task<List<string>> Said { get; }

        public bool Trust(object sender, X509Certificate? of, X509Chain? chain, SslPolicyErrors errors) => of?.GetCertHashString() == certificate.GetCertHashString();

        public void Dispose()
        {
            listener.Dispose();
            certificate.Dispose();
        }

        // A client that goes away at once, as one does that meets no TLS, may be gone before it is greeted.
        async Task<List<string>> HeardAsync(Task served)
        {
            try
            {
                await served;
            }
            catch (IOException)
            {
                return said;
            }

            return said;
        }

        async Task ServeAsync(bool tls, string refuse, bool implicitly, string mechanisms)
        {
            using var client = await listener.AcceptTcpClientAsync();
            Stream stream = client.GetStream();
            if (implicitly)
            {
                var secure = new SslStream(stream);
                try
                {
                    await secure.AuthenticateAsServerAsync(certificate);
                }
                catch (Exception fault) when (fault is IOException or System.Security.Authentication.AuthenticationException)
                {
                    return;
                }

                stream = secure;
            }

            await SayAsync(stream, "220 mail.example ready");
            while (await LineAsync(stream) is { } line)
            {
                said.Add(line);
                switch (line.Split(' ')[0])
                {
                    case "EHLO":
                        await SayAsync(stream, tls ? $"250-mail.example\r\n250-STARTTLS\r\n250 AUTH {mechanisms}" : "250 mail.example");
                        break;
                    case "STARTTLS" when !tls:
                        await SayAsync(stream, "502 no");
                        break;
                    case "STARTTLS":
                        await SayAsync(stream, "220 go");
                        var secure = new SslStream(stream);
                        await secure.AuthenticateAsServerAsync(certificate);
                        stream = secure;
                        break;
                    case "AUTH" when line == "AUTH LOGIN":
                        foreach (var ask in (string[])["VXNlcm5hbWU6", "UGFzc3dvcmQ6"])
                        {
                            await SayAsync(stream, $"334 {ask}");
                            said.Add(await LineAsync(stream) ?? "");
                        }

                        await SayAsync(stream, "235 welcome");
                        break;
                    case "AUTH":
                        await SayAsync(stream, "235 welcome");
                        break;
                    case "DATA":
                        await SayAsync(stream, "354 go on");
                        while (await LineAsync(stream) is { } data && data != ".")
                        {
                            said.Add($"data:{(data.StartsWith('.') ? data[1..] : data)}");
                        }

                        await SayAsync(stream, "250 taken");
                        break;
                    case "QUIT":
                        return;
                    case var word:
                        await SayAsync(stream, word == refuse ? "550 no such user" : "250 ok");
                        break;
                }
            }
        }

        static async Task SayAsync(Stream stream, string text)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"));
            await stream.FlushAsync();
        }

        static async Task<string?> LineAsync(Stream stream)
        {
            var line = new StringBuilder();
            var one = new byte[1];
            while (await stream.ReadAsync(one) == 1)
            {
                if (one[0] == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                line.Append((char)one[0]);
            }

            return null;
        }
    }
}
