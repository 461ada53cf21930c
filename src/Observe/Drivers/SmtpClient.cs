using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Hands one message to a mail server (RFC 5321): TLS from the first byte or by STARTTLS, and AUTH PLAIN or LOGIN, where asked for. One connection for each message. The caller bounds the time.
/// </summary>
public static class SmtpClient
{
    const int MostLine = 2048;
    const int MostLines = 100;

    /// <summary>Sends a message.</summary>
    /// <param name="startTls">Whether to go over to TLS where it is not spoken from the first byte; a server that does not offer it is then refused.</param>
    /// <param name="login">Null for none.</param>
    /// <param name="message">Its lines end with CR LF.</param>
    /// <returns>Why it was not taken; null where it was.</returns>
    public static async Task<string?> SendAsync(
        MailServer server, bool startTls, (string User, string Password)? login, string from, IReadOnlyList<string> to, string message, CancellationToken stop, RemoteCertificateValidationCallback? trust = null)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Host, server.Port, stop);
            var talk = new Talk(client.GetStream());
            await using (talk)
            {
                if (server.Tls)
                {
                    await talk.SecureAsync(server.Host, trust, stop);
                }

                return await talk.GreetedAsync(stop)
                    ?? (startTls && !server.Tls ? await talk.GoOverAsync(server.Host, trust, stop) : null)
                    ?? (login is { } with ? await talk.LogInAsync(with.User, with.Password, stop) : null)
                    ?? await talk.HandOverAsync(from, to, message, stop);
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            return server.Tls && fault is not SocketException ? $"{fault.Message} (TLS from the first byte; a server that wants STARTTLS is named without smtps://, and listens on another port than 465)" : fault.Message;
        }
    }

    sealed class Talk(Stream stream) : IAsyncDisposable
    {
        readonly byte[] one = new byte[1];
        readonly List<string> answer = [];
        Stream stream = stream;
        string[] mechanisms = [];

        public ValueTask DisposeAsync() => stream.DisposeAsync();

        public async Task<string?> GreetedAsync(CancellationToken stop) => await ExpectAsync(220, stop) ?? await HelloAsync(stop);

        /// <summary>Speaks TLS from here on.</summary>
        public async Task SecureAsync(string host, RemoteCertificateValidationCallback? trust, CancellationToken stop)
        {
            var secure = new SslStream(stream, leaveInnerStreamOpen: false, trust);
            stream = secure;
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, stop);
        }

        public async Task<string?> GoOverAsync(string host, RemoteCertificateValidationCallback? trust, CancellationToken stop)
        {
            if (await SayAsync("STARTTLS", 220, stop) is { } refused)
            {
                return $"it does not offer TLS: {refused}";
            }

            await SecureAsync(host, trust, stop);
            return await HelloAsync(stop);
        }

        public async Task<string?> LogInAsync(string user, string password, CancellationToken stop)
        {
            // RFC 4616: no authorisation identity, then the name, then the password. LOGIN is asked for both, one after the other.
            var isLogin = mechanisms.Contains("LOGIN", StringComparer.OrdinalIgnoreCase) && !mechanisms.Contains("PLAIN", StringComparer.OrdinalIgnoreCase);
            var unknown = isLogin
                ? await SayAsync("AUTH LOGIN", 334, stop) ?? await SayAsync(Base64(user), 334, stop) ?? await SayAsync(Base64(password), 235, stop)
                : await SayAsync($"AUTH PLAIN {Base64($"\0{user}\0{password}")}", 235, stop);
            return unknown is null ? null : $"it does not let us in: {unknown}";
        }

        public async Task<string?> HandOverAsync(string from, IReadOnlyList<string> to, string message, CancellationToken stop)
        {
            var wrong = await SayAsync($"MAIL FROM:<{from}>", 250, stop);
            foreach (var address in to)
            {
                wrong ??= await SayAsync($"RCPT TO:<{address}>", 250, stop);
            }

            // RFC 5321 §4.5.2: a line that begins with a dot gets another.
            wrong ??= await SayAsync("DATA", 354, stop) ?? await SayAsync($"{message.Replace("\r\n.", "\r\n..", StringComparison.Ordinal).TrimEnd('\r', '\n')}\r\n.", 250, stop);
            if (wrong is null)
            {
                // It is taken by now, whatever is said of the end.
                await WriteAsync("QUIT\r\n", stop);
            }

            return wrong;
        }

        // What it can do is said anew after TLS has begun, and what was said before is forgotten. RFC 3207 §4.2, RFC 4954 §3.
        async Task<string?> HelloAsync(CancellationToken stop)
        {
            var refused = await SayAsync("EHLO mainstay", 250, stop);
            mechanisms = answer.Select(l => l.Length > 4 ? l[4..] : "").FirstOrDefault(l => l.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..] ?? [];
            return refused;
        }

        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

        async Task<string?> SayAsync(string line, int code, CancellationToken stop)
        {
            await WriteAsync($"{line}\r\n", stop);
            return await ExpectAsync(code, stop);
        }

        async Task WriteAsync(string text, CancellationToken stop)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
            await stream.FlushAsync(stop);
        }

        // An answer is lines of a code and '-', the last of a code and a space. RFC 5321 §4.2.1.
        async Task<string?> ExpectAsync(int code, CancellationToken stop)
        {
            answer.Clear();
            while (answer.Count < MostLines)
            {
                var line = await LineAsync(stop);
                answer.Add(line);
                if (line.Length < 4 || line[3] != '-')
                {
                    return line.StartsWith(code.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) ? null : $"it said '{line}'";
                }
            }

            return "its answer does not end";
        }

        async Task<string> LineAsync(CancellationToken stop)
        {
            var line = new StringBuilder();
            while (await stream.ReadAsync(one, stop) == 1 && one[0] != '\n' && line.Length < MostLine)
            {
                if (one[0] is >= 0x20 and < 0x7f)
                {
                    line.Append((char)one[0]);
                }
            }

            return line.ToString();
        }
    }
}
