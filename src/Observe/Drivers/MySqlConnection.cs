using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Mainstay.Observe.Collect.Probes;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// A connection to MySQL or MariaDB over the client/server protocol, as far as a probe needs it: login by <c>mysql_native_password</c> or <c>caching_sha2_password</c>, and queries whose
/// answers come as text. It is encrypted where the server can; the certificate is not checked, as servers make their own. A password is never sent readable without encryption.
/// </summary>
sealed class MySqlConnection : IDisposable
{
    /// <summary>The largest packet, in bytes: one row, or one text of the server.</summary>
    public const int MostPacketBytes = 1 << 20;

    /// <summary>The most rows of one answer.</summary>
    public const int MostRows = 10_000;

    // CLIENT_LONG_PASSWORD, LONG_FLAG, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH; SSL where the server has it.
    const uint Wanted = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;
    const uint Tls = 0x800;

    // utf8mb4_general_ci: both servers know it.
    const byte Charset = 45;
    const byte Query = 3;

    readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly byte[] header = new byte[4];
    Stream writing = Stream.Null;
    Stream reading = Stream.Null;
    byte sequence;

    MySqlConnection()
    {
    }

    /// <summary>What the server says that it is.</summary>
    public MySqlGreeting Server { get; private set; } = new("", false, "", []);

    /// <summary>Connects and logs in; either a connection, or why there is none.</summary>
    public static async Task<(MySqlConnection? Connection, MySqlError? Error)> OpenAsync(string host, int port, string user, string password, CancellationToken stop)
    {
        var connection = new MySqlConnection();
        try
        {
            await connection.socket.ConnectAsync(host, port, stop);
            connection.writing = connection.reading = new NetworkStream(connection.socket);
            var error = await connection.LoginAsync(host, user, password, stop);
            if (error is null)
            {
                return (connection, null);
            }

            connection.Dispose();
            return (null, error);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks once; an answer without rows is empty.</summary>
    public async Task<(MySqlRows Rows, MySqlError? Error)> AskAsync(string query, CancellationToken stop)
    {
        sequence = 0;
        await SendAsync([Query, .. Encoding.UTF8.GetBytes(query)], stop);
        var head = await PacketAsync(stop);
        if (MySqlError.Read(head) is { } error)
        {
            return (MySqlRows.None, error);
        }

        var columns = new string[Count(head)];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = Column(await PacketAsync(stop));
        }

        var rows = new List<string?[]>();
        if (columns.Length == 0)
        {
            return (MySqlRows.None, null);
        }

        await PacketAsync(stop);
        while (true)
        {
            var packet = await PacketAsync(stop);
            if (MySqlError.Read(packet) is { } broken)
            {
                return (MySqlRows.None, broken);
            }

            if (IsEnd(packet))
            {
                return (new(columns, rows), null);
            }

            rows.Add(rows.Count < MostRows ? Row(packet, columns.Length) : throw new IOException($"it answers more than {MostRows} rows"));
        }
    }

    public void Dispose()
    {
        reading.Dispose();
        writing.Dispose();
        socket.Dispose();
    }

    async Task<MySqlError?> LoginAsync(string host, string user, string password, CancellationToken stop)
    {
        var first = await PacketAsync(stop);
        if (MySqlError.Read(first) is { } refused)
        {
            return refused;
        }

        Server = MySqlGreeting.Read(first) ?? throw new IOException("the answer is not MySQL's protocol");
        if (Server.HasTls)
        {
            await SendAsync(Hello(Wanted | Tls), stop);
            await EncryptAsync(host, stop);
        }

        // Buffered for reading alone, and only from here on: what follows the greeting may be encrypted.
        reading = new BufferedStream(writing, 16 << 10);

        // A way that is not known is answered with nothing: the server then says which one the user has.
        var answer = MySqlSecret.Answer(Server.Plugin, password, Server.Nonce);
        var plugin = answer is null ? MySqlSecret.Native : Server.Plugin;
        answer ??= MySqlSecret.Answer(plugin, password, Server.Nonce)!;
        await SendAsync(
            [.. Hello(Wanted | (Server.HasTls ? Tls : 0)), .. Encoding.UTF8.GetBytes(user), 0, (byte)answer.Length, .. answer, .. Encoding.UTF8.GetBytes(plugin), 0], stop);
        return await ConvinceAsync(plugin, Server.Nonce, password, stop);
    }

    async Task<MySqlError?> ConvinceAsync(string plugin, byte[] nonce, string password, CancellationToken stop)
    {
        // A server switches once, and asks for more once or twice.
        for (var turn = 0; turn < 6; turn++)
        {
            var packet = await PacketAsync(stop);
            if (MySqlError.Read(packet) is { } error)
            {
                return error;
            }

            switch (packet)
            {
                case [0, ..]:
                    return null;
                case [0xfe, ..]:
                    (plugin, nonce) = Switched(packet, nonce);
                    if (MySqlSecret.Answer(plugin, password, nonce) is not { } answer)
                    {
                        return new(0, $"the user logs in by {plugin}: give it {MySqlSecret.Native} or {MySqlSecret.CachingSha2}");
                    }

                    await SendAsync(answer, stop);
                    break;
                case [1, 3, ..] when plugin == MySqlSecret.CachingSha2:
                    break;
                case [1, 4, ..] when plugin == MySqlSecret.CachingSha2 && Server.HasTls:
                    await SendAsync(MySqlSecret.Clear(password), stop);
                    break;
                case [1, 4, ..] when plugin == MySqlSecret.CachingSha2:
                    return new(0, $"it wants the password itself, and the connection is not encrypted: give it TLS, or the user {MySqlSecret.Native}");
                default:
                    throw new IOException("the answer to the login is not MySQL's protocol");
            }
        }

        throw new IOException("the login comes to no end");
    }

    async Task EncryptAsync(string host, CancellationToken stop)
    {
        var encrypted = new SslStream(writing, leaveInnerStreamOpen: false);
        writing = reading = encrypted;
        try
        {
            await encrypted.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
#pragma warning disable CA5359 // MySQL makes its certificate itself; this keeps out who listens, as its own clients do by default.
                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
                },
                stop);
        }
        catch (AuthenticationException fault)
        {
            throw new IOException($"the connection could not be encrypted: {fault.GetBaseException().Message}", fault);
        }
    }

    static (string Plugin, byte[] Nonce) Switched(byte[] packet, byte[] before)
    {
        var read = new MySqlReader(packet.AsSpan(1));
        var plugin = Encoding.UTF8.GetString(read.ToZero());
        return (plugin, read.Rest.Length >= 20 ? read.Rest[..20].ToArray() : before);
    }

    // Capabilities, the largest packet, the character set, and 23 zeros.
    static byte[] Hello(uint able)
    {
        var hello = new byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(hello, able);
        BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(4), MostPacketBytes);
        hello[8] = Charset;
        return hello;
    }

    static int Count(byte[] head)
    {
        var read = new MySqlReader(head);
        return read.Length() is <= 256 and var count ? (int)count : throw new IOException("the answer has too many columns");
    }

    // Catalogue, schema, table, its own name, and then the column's.
    static string Column(byte[] packet)
    {
        var read = new MySqlReader(packet);
        for (var i = 0; i < 4; i++)
        {
            _ = read.Text();
        }

        return read.Text() ?? "";
    }

    static string?[] Row(byte[] packet, int columns)
    {
        var read = new MySqlReader(packet);
        var row = new string?[columns];
        for (var i = 0; i < columns; i++)
        {
            row[i] = read.Text();
        }

        return read.IsWrong ? throw new IOException("a row ends within a value") : row;
    }

    static bool IsEnd(byte[] packet) => packet.Length < 9 && packet is [0xfe, ..];

    async Task SendAsync(byte[] body, CancellationToken stop)
    {
        var packet = new byte[body.Length + 4];
        BinaryPrimitives.WriteInt32LittleEndian(packet, body.Length);
        packet[3] = sequence++;
        body.CopyTo(packet, 4);
        await writing.WriteAsync(packet, stop);
        await writing.FlushAsync(stop);
    }

    async Task<byte[]> PacketAsync(CancellationToken stop)
    {
        await reading.ReadExactlyAsync(header, stop);
        var length = header[0] | (header[1] << 8) | (header[2] << 16);
        if (length > MostPacketBytes || header[3] != sequence++)
        {
            throw new IOException("the answer is not MySQL's protocol");
        }

        var body = new byte[length];
        await reading.ReadExactlyAsync(body, stop);
        return body;
    }
}
