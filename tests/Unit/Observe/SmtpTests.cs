using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Notify;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>Mail handed to a mail server over real sockets, with and without TLS.</summary>
public sealed class SmtpTests
{
    [Fact]
    public async Task AMessageIsHandedOverWithLoginAndTls()
    {
        using var server = new MailServer(tls: true);
        var message = MailText.Write("mainstay@shop.example", ["a@shop.example", "b@shop.example"], "Störung: web → orders", "first\r\n.\r\nMAIL FROM:<evil@x>\r\n注意", "i1", DateTimeOffset.UnixEpoch);
        (await SmtpClient.SendAsync(server.Address, true, ("mainstay", "secret"), "mainstay@shop.example", ["a@shop.example", "b@shop.example"], message, default, server.Trust)).ShouldBeNull();
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
    public async Task WhatIsRefusedSaysWhy()
    {
        using var plain = new MailServer(tls: false);
        (await SmtpClient.SendAsync(plain.Address, true, null, "a@b", ["c@d"], "x", default)).ShouldBe("it does not offer TLS: it said '502 no'");
        using var picky = new MailServer(tls: false, refuse: "RCPT");
        (await SmtpClient.SendAsync(picky.Address, false, null, "a@b", ["c@d"], "x", default)).ShouldBe("it said '550 no such user'");
        using var strange = new MailServer(tls: true);
        (await SmtpClient.SendAsync(strange.Address, true, null, "a@b", ["c@d"], "x", default)).ShouldNotBeNull("its certificate is not trusted");
    }

    [Fact]
    public void ALongSubjectIsSeveralWordsOfWholeCharacters()
    {
        var lines = MailText.Write("a@b", ["c@d"], string.Concat(Enumerable.Repeat("警报🚨", 30)), "", "i", DateTimeOffset.UnixEpoch).Split("\r\n");
        var words = lines.SkipWhile(l => !l.StartsWith("Subject:", StringComparison.Ordinal)).TakeWhile(l => !l.StartsWith("Date:", StringComparison.Ordinal)).Select(l => l.Replace("Subject:", "", StringComparison.Ordinal).Trim()).ToList();
        words.ShouldAllBe(w => w.Length <= 75);
        string.Concat(words.Select(w => Encoding.UTF8.GetString(Convert.FromBase64String(w["=?utf-8?B?".Length..^2])))).ShouldBe(string.Concat(Enumerable.Repeat("警报🚨", 30)));
    }

    /// <summary>A mail server for one message, that keeps what it was told.</summary>
    sealed class MailServer : IDisposable
    {
        readonly TcpListener listener = new(IPAddress.Loopback, 0);
        readonly X509Certificate2 certificate;

        public MailServer(bool tls, string refuse = "-")
        {
            using var key = RSA.Create(2048);
            using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
            certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
            listener.Start();
            Said = ServeAsync(tls, refuse);
        }

        public string Address => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

        public Task<List<string>> Said { get; }

        public bool Trust(object sender, X509Certificate? of, X509Chain? chain, SslPolicyErrors errors) => of?.GetCertHashString() == certificate.GetCertHashString();

        public void Dispose()
        {
            listener.Dispose();
            certificate.Dispose();
        }

        async Task<List<string>> ServeAsync(bool tls, string refuse)
        {
            var said = new List<string>();
            using var client = await listener.AcceptTcpClientAsync();
            Stream stream = client.GetStream();
            await SayAsync(stream, "220 mail.example ready");
            while (await LineAsync(stream) is { } line)
            {
                said.Add(line);
                switch (line.Split(' ')[0])
                {
                    case "EHLO":
                        await SayAsync(stream, tls ? "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN" : "250 mail.example");
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
                        return said;
                    case var word:
                        await SayAsync(stream, word == refuse ? "550 no such user" : "250 ok");
                        break;
                }
            }

            return said;
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
