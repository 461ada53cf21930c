using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Observe.Collect.Probes;
using Mainstay.Observe.Drivers;
using Mainstay.Tests.Traffic.Tls;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>MySQL's protocol as far as the probe speaks it; the real server is in <see cref="RealServerTests"/>.</summary>
public sealed class MySqlTests
{
    // What a MariaDB 10.11 says first: its version, a thread, 8 and 12 bytes to mix with, what it can do.
    static readonly byte[] Greeting =
    [
        10, .. "5.5.5-10.11.6-MariaDB\0"u8, 7, 0, 0, 0, .. "abcdefgh"u8, 0, 0xfe, 0xff, 45, 2, 0, 0xff, 0x81, 21, .. new byte[10], .. "ijklmnopqrst\0"u8, .. "mysql_native_password\0"u8,
    ];

    [Fact]
    public void A_greeting_says_version_TLS_and_what_to_mix_the_password_with()
    {
        var read = MySqlGreeting.Read(Greeting)!;
        (read.Version, read.HasTls, read.Plugin, read.IsMariaDb).ShouldBe(("5.5.5-10.11.6-MariaDB", true, "mysql_native_password", true));
        Encoding.ASCII.GetString(read.Nonce).ShouldBe("abcdefghijklmnopqrst");
        MySqlGreeting.Read([9, .. Greeting[1..]]).ShouldBeNull("another protocol");
        MySqlGreeting.Read("HTTP/1.1 400 Bad Request\r\n"u8).ShouldBeNull();
        for (var length = 0; length < 60; length++)
        {
            MySqlGreeting.Read(Greeting.AsSpan(0, length)).ShouldBeNull();
        }
    }

    [Fact]
    public void Errors_are_read_with_and_without_a_state()
    {
        MySqlError.Read([0xff, 0x15, 0x04, .. "#28000Access denied"u8])!.ToString().ShouldBe("it answers 1045: Access denied");
        MySqlError.Read([0xff, 0x10, 0x04, .. "Too many connections"u8]).ShouldBe(new MySqlError(MySqlError.TooManyConnections, "Too many connections"));
        MySqlError.Read([0, 0, 0]).ShouldBeNull();
    }

    [Fact]
    public void Status_and_bounds_become_samples()
    {
        var into = new ProbeSamples(("service.name", "x"));
        double? Of(string name, params (string, string)[] labels) =>
            into.Values.Where(v => v.Series.Name == name && labels.All(l => v.Series.Label(l.Item1) == l.Item2)).Select(v => (double?)v.Value).SingleOrDefault();
        var status = new MySqlRows(["Variable_name", "Value"], [["Questions", "12"], ["THREADS_CONNECTED", "3"], ["Innodb_row_lock_time", "1500"], ["Ssl_cipher", ""], ["odd", null]]).Pairs();
        MySqlReport.Status(status, new() { ["max_connections"] = "151" }, into);
        (Of("mysql.query.client.count"), Of("mysql.threads", ("kind", "connected")), Of("mysql.row_locks.time"), Of("mysql.connection.max"), Of("mysql.query.slow.count")).ShouldBe((12, 3, 1.5, 151, null));
        MySqlReport.Transactions(new(["count", "waiting", "longest"], [["2", "1", "4.5"]]), into);
        (Of("mysql.transaction.count"), Of("mysql.transaction.waiting"), Of("mysql.transaction.longest")).ShouldBe((2, 1, 4.5));
        MySqlReport.Replication(new(["Source_Host", "Replica_IO_Running", "Replica_SQL_Running", "Seconds_Behind_Source"], [["db-1", "Yes", "No", "7"]]), into);
        (Of("mysql.replica.time_behind_source", ("replica.source", "db-1")), Of("mysql.replica.linked")).ShouldBe((7, 0));
        MySqlReport.Replication(new(["Connection_name", "Slave_IO_Running", "Slave_SQL_Running", "Seconds_Behind_Master"], [["west", "Yes", "Yes", null]]), into);
        (Of("mysql.replica.time_behind_source", ("replica.source", "west")), Of("mysql.replica.linked", ("replica.source", "west"))).ShouldBe((null, 1));
        MySqlReport.Statements(new([], [["ab", "shop", "SELECT ?", "5", "2000000000000", "0", "5", "50", "1"]]), into);
        (Of("mysql.statement.calls", ("db.query.text", "SELECT ?")), Of("mysql.statement.time"), Of("mysql.statement.rows_examined"), Of("mysql.statement.errors")).ShouldBe((5, 2, 50, 1));
    }

    [Theory]
    [InlineData("fast", false, null)]
    [InlineData("fast", true, null)]
    [InlineData("full", true, null)]
    [InlineData("full", false, "not encrypted")]
    [InlineData("switch", true, null)]
    [InlineData("wrong", true, "1045")]
    [InlineData("ed25519", true, "the user logs in by client_ed25519")]
    public async Task A_password_is_shown_by_caching_sha2_and_told_only_where_it_is_encrypted(string way, bool tls, string? wrong)
    {
        var stop = TestContext.Current.CancellationToken;
        using var authority = new TestAuthority();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, way, tls ? authority : null, stop);
        var (connection, error) = await MySqlConnection.OpenAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "monitor", "sécret", stop);
        if (wrong is not null)
        {
            (connection, error!.ToString().Contains(wrong, StringComparison.Ordinal)).ShouldBe((null, true), error.ToString());
        }
        else
        {
            error.ShouldBeNull();
            var (rows, broken) = await connection!.AskAsync("select 1", stop);
            broken.ShouldBeNull();
            rows.Pairs().ShouldBe(new Dictionary<string, string> { ["name"] = new('v', 300) });
            connection.Dispose();
        }

        await serving;
    }

    [Fact]
    public void No_bytes_break_a_reader() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(
        Gen.Choose(0, 255).ListOf().ToArbitrary(),
        drawn =>
        {
            byte[] bytes = [.. Greeting[..(drawn.Sum() % (Greeting.Length + 1))], .. drawn.Select(b => (byte)b)];
            _ = (MySqlGreeting.Read(bytes), MySqlError.Read(bytes));
            var read = new MySqlReader(bytes);
            for (var i = 0; i < 20; i++)
            {
                _ = (read.Text(), read.Integer(3), read.ToZero().Length);
            }

            return true;
        }));

    // The server's side, written from the protocol's description: it knows SHA256(SHA256(password)) alone.
    static async Task ServeAsync(TcpListener listener, string way, TestAuthority? authority, CancellationToken stop)
    {
        using var client = await listener.AcceptTcpClientAsync(stop);
        Stream stream = client.GetStream();
        byte[] nonce = [.. "abcdefghijklmnopqrst"u8];
        var first = way is "switch" or "ed25519" ? "mysql_native_password" : "caching_sha2_password";
        byte[] able = [0xfe, (byte)(authority is null ? 0xf7 : 0xff)];
        await SendAsync(stream, 0, [10, .. "8.0.36\0"u8, 1, 0, 0, 0, .. nonce[..8], 0, .. able, 45, 2, 0, 0xff, 0x81, 21, .. new byte[10], .. nonce[8..], 0, .. Encoding.ASCII.GetBytes(first), 0], stop);
        var hello = await ReadAsync(stream, stop);
        if (authority is not null)
        {
            hello.Body.Length.ShouldBe(32, "it asks for encryption first");
            var encrypted = new SslStream(stream);
            using var certificate = authority.Load(authority.Issue("db", "db"));
            await encrypted.AuthenticateAsServerAsync(certificate, false, false);
            stream = encrypted;
            hello = await ReadAsync(stream, stop);
        }

        var rest = hello.Body.AsSpan(32).ToArray();
        var user = Encoding.UTF8.GetString(rest.AsSpan(0, rest.AsSpan().IndexOf((byte)0)));
        user.ShouldBe("monitor");
        var answer = rest.AsSpan(user.Length + 2, rest[user.Length + 1]).ToArray();
        var number = (byte)(hello.Sequence + 1);
        if (way is "switch" or "ed25519")
        {
            nonce = [.. "ABCDEFGHIJKLMNOPQRST"u8];
            await SendAsync(stream, number, [0xfe, .. way == "switch" ? "caching_sha2_password"u8 : "client_ed25519"u8, 0, .. nonce, 0], stop);
            if (way == "ed25519")
            {
                return;
            }

            var switched = await ReadAsync(stream, stop);
            (answer, number) = (switched.Body, (byte)(switched.Sequence + 1));
        }

        var stage2 = SHA256.HashData(SHA256.HashData(Encoding.UTF8.GetBytes("sécret")));
        var mask = SHA256.HashData([.. stage2, .. nonce]);
        SHA256.HashData([.. answer.Select((b, i) => (byte)(b ^ mask[i]))]).ShouldBe(stage2);
        if (way == "wrong")
        {
            await SendAsync(stream, number, [0xff, 0x15, 0x04, .. "#28000Access denied"u8], stop);
            return;
        }

        await SendAsync(stream, number++, [1, (byte)(way == "full" ? 4 : 3)], stop);
        if (way == "full")
        {
            if (authority is null)
            {
                return;
            }

            var told = await ReadAsync(stream, stop);
            told.Body.ShouldBe([.. Encoding.UTF8.GetBytes("sécret"), 0]);
            number = (byte)(told.Sequence + 1);
        }

        await SendAsync(stream, number, [0, 0, 0, 2, 0, 0, 0], stop);
        Encoding.UTF8.GetString((await ReadAsync(stream, stop)).Body).ShouldBe("\u0003select 1");
        byte[] column = [3, .. "def"u8, 0, 0, 0, 1, .. "c"u8, 0, 12, 45, 0, 0, 1, 0, 0, 253, 0, 0, 0, 0, 0];
        byte[] end = [0xfe, 0, 0, 2, 0];
        byte[][] packets = [[2], column, column, end, [4, .. "name"u8, 0xfc, 0x2c, 0x01, .. Enumerable.Repeat((byte)'v', 300)], end];
        for (byte i = 0; i < packets.Length; i++)
        {
            await SendAsync(stream, (byte)(i + 1), packets[i], stop);
        }
    }

    static async Task SendAsync(Stream stream, byte sequence, byte[] body, CancellationToken stop)
    {
        var packet = new byte[body.Length + 4];
        BinaryPrimitives.WriteInt32LittleEndian(packet, body.Length);
        packet[3] = sequence;
        body.CopyTo(packet, 4);
        await stream.WriteAsync(packet, stop);
    }

    static async Task<(byte[] Body, byte Sequence)> ReadAsync(Stream stream, CancellationToken stop)
    {
        var header = new byte[4];
        await stream.ReadExactlyAsync(header, stop);
        var body = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
        await stream.ReadExactlyAsync(body, stop);
        return (body, header[3]);
    }
}
