using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Mainstay.Observe.Drivers;

/// <summary>Hands one message to a mail server (RFC 5321): EHLO, STARTTLS and AUTH PLAIN where asked for. One connection for each message. The caller bounds the time.</summary>
public static class SmtpClient
{
    const int MostLine = 2048;
    const int MostLines = 100;

    /// <summary>Sends a message.</summary>
    /// <param name="server"><c>host:port</c>.</param>
    /// <param name="startTls">Whether to go over to TLS; a server that does not offer it is then refused.</param>
    /// <param name="login">Null for none.</param>
    /// <param name="message">Its lines end with CR LF.</param>
    /// <returns>Why it was not taken; null where it was.</returns>
    public static async Task<string?> SendAsync(
        string server, bool startTls, (string User, string Password)? login, string from, IReadOnlyList<string> to, string message, CancellationToken stop, RemoteCertificateValidationCallback? trust = null)
    {
        var split = server.LastIndexOf(':');
        var host = server[..split].Trim('[', ']');
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, int.Parse(server.AsSpan(split + 1), System.Globalization.CultureInfo.InvariantCulture), stop);
            var talk = new Talk(client.GetStream());
            await using (talk)
            {
                return await talk.GreetedAsync(stop) ?? (startTls ? await talk.SecureAsync(host, trust, stop) : null) ?? await talk.HandOverAsync(login, from, to, message, stop);
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            return fault.Message;
        }
    }

    sealed class Talk(Stream stream) : IAsyncDisposable
    {
        readonly byte[] one = new byte[1];
        Stream stream = stream;

        public ValueTask DisposeAsync() => stream.DisposeAsync();

        public async Task<string?> GreetedAsync(CancellationToken stop) => await ExpectAsync(220, stop) ?? await SayAsync("EHLO mainstay", 250, stop);

        public async Task<string?> SecureAsync(string host, RemoteCertificateValidationCallback? trust, CancellationToken stop)
        {
            if (await SayAsync("STARTTLS", 220, stop) is { } refused)
            {
                return $"it does not offer TLS: {refused}";
            }

            var secure = new SslStream(stream, leaveInnerStreamOpen: false, trust);
            stream = secure;
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, stop);
            return await SayAsync("EHLO mainstay", 250, stop);
        }

        public async Task<string?> HandOverAsync((string User, string Password)? login, string from, IReadOnlyList<string> to, string message, CancellationToken stop)
        {
            // RFC 4616: no authorisation identity, then the name, then the password.
            if (login is { } with && await SayAsync($"AUTH PLAIN {Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{with.User}\0{with.Password}"))}", 235, stop) is { } unknown)
            {
                return $"it does not let us in: {unknown}";
            }

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
            for (var lines = 0; lines < MostLines; lines++)
            {
                var line = await LineAsync(stop);
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
