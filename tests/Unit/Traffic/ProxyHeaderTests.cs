using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Scenarios;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>The PROXY protocol's header, read from any bytes.</summary>
public sealed class ProxyHeaderTests
{
    const string Signature = "\r\n\r\n\0\r\nQUIT\n";

    public static TheoryData<string> Files => ScenarioFile.In("proxy");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_header_is_read_as_recorded(string file) => ScenarioFile.Run(file, step =>
    {
        step.Words.ShouldBe(["read"]);
        var trace = new StringBuilder();
        foreach (var line in step.Input.Split('\n'))
        {
            var status = ProxyHeader.Read(Bytes(line), out var header);
            trace.Append(status).Append(status == ProxyHeaderStatus.Complete ? string.Create(CultureInfo.InvariantCulture, $" {header.Length} bytes, {header.Source?.ToString() ?? "the sender's own"}") : "").Append('\n');
        }
        return trace.ToString();
    });

    [Theory]
    [InlineData("192.0.2.7", "198.51.100.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443")]
    [InlineData("::ffff:192.0.2.7", "198.51.100.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443")]
    [InlineData("2001:db8::7", "2001:db8::1", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443")]
    [InlineData("192.0.2.7", "2001:db8::1", "PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 4711 443")]
    public void What_the_gateway_says_is_understood(string client, string at, string line)
    {
        var (from, to) = (new IPEndPoint(IPAddress.Parse(client), 4711), new IPEndPoint(IPAddress.Parse(at), 443));
        Encoding.ASCII.GetString(ProxyIntroduction.Of(ProxyVersion.V1, from, to)).ShouldBe(line + "\r\n");
        foreach (var version in new[] { ProxyVersion.V1, ProxyVersion.V2 })
        {
            var bytes = ProxyIntroduction.Of(version, from, to);
            ProxyHeader.Read(bytes, out var read).ShouldBe(ProxyHeaderStatus.Complete);
            (read.Length, read.Source!.Port).ShouldBe((bytes.Length, 4711));
            read.Source.Address.MapToIPv6().ShouldBe(from.Address.MapToIPv6());
            ProxyHeader.Read(ProxyIntroduction.Of(version, null, to), out read).ShouldBe(ProxyHeaderStatus.Complete);
            read.Source.ShouldBeNull();
        }
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1, 0)]
    [InlineData(UpstreamProtocol.Https, 0)]
    [InlineData(UpstreamProtocol.H2c, 1)]
    [InlineData(UpstreamProtocol.H2, 1)]
    public void Connections_that_all_share_tell_of_nobody(UpstreamProtocol protocol, int problems) =>
        new TrafficSpec { Protocol = protocol, ProxyProtocol = ProxyVersion.V2 }.Validate().Count(problem => problem.Path == "proxyProtocol").ShouldBe(problems);

    [Fact]
    public void Any_client_survives_being_told_in_either_version() => Prop.ForAll(ArbMap.Default.ArbFor<(byte[], ushort)>().Filter(one => one.Item1.Length >= 16), one =>
    {
        var (bytes, port) = one;
        foreach (var address in new[] { new IPAddress(bytes.AsSpan(0, 4)), new IPAddress(bytes.AsSpan(0, 16)) })
        {
            var source = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
            foreach (var header in new[] { Text(address, port), Binary(address, port, []), Binary(address, port, [0x04, 0, 2, 1, 2]), Checked(address, port) })
            {
                ProxyHeader.Read([.. header, .. "GET"u8], out var read).ShouldBe(ProxyHeaderStatus.Complete);
                read.ShouldBe(new ProxyHeader(header.Length, source));
                for (var length = 0; length < header.Length; length++) ProxyHeader.Read(header.AsSpan(0, length), out _).ShouldBe(ProxyHeaderStatus.Incomplete);
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_bad_stays_bad_and_nothing_is_waited_for_beyond_the_bound()
    {
        foreach (var seed in FuzzTime.Seeds(5))
        {
            var random = new Random(seed);
            for (var round = 0; round < 5000; round++)
            {
                var address = new IPAddress((long)(uint)random.Next());
                var bytes = (random.Next(3) switch { 0 => Text(address, random.Next(65536)), 1 => Binary(address, random.Next(65536), [0x01, 0, 1, 7]), _ => Checked(address, 80) }).ToList();
                for (var change = random.Next(4); change > 0; change--)
                {
                    var at = random.Next(bytes.Count);
                    switch (random.Next(3))
                    {
                        case 0: bytes[at] = (byte)random.Next(256); break;
                        case 1: bytes.Insert(at, (byte)random.Next(256)); break;
                        default: bytes.RemoveAt(at); break;
                    }
                }
                bytes.AddRange(new byte[ProxyHeader.Most]);
                var whole = bytes.ToArray();
                var (last, header) = (ProxyHeaderStatus.Incomplete, default(ProxyHeader));
                for (var length = 1; length <= 200 && last == ProxyHeaderStatus.Incomplete; length++) last = ProxyHeader.Read(whole.AsSpan(0, length), out header);
                var status = ProxyHeader.Read(whole, out var read);
                status.ShouldNotBe(ProxyHeaderStatus.Incomplete, $"seed {seed} round {round}");
                if (last != ProxyHeaderStatus.Incomplete) (last, header).ShouldBe((status, read), $"seed {seed} round {round}");
                if (status == ProxyHeaderStatus.Complete) read.Length.ShouldBeInRange(15, ProxyHeader.Most);
            }
        }
    }

    internal static byte[] Text(IPAddress address, int port) =>
        Encoding.ASCII.GetBytes($"PROXY TCP{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "4" : "6")} {address} {(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "192.0.2.1" : "::1")} {port} 443\r\n");

    internal static byte[] Binary(IPAddress address, int port, byte[] extensions)
    {
        var bytes = address.GetAddressBytes();
        var length = bytes.Length * 2 + 4 + extensions.Length;
        return [.. Encoding.Latin1.GetBytes(Signature), 0x21, (byte)(bytes.Length == 4 ? 0x11 : 0x21), (byte)(length >> 8), (byte)length,
            .. bytes, .. new byte[bytes.Length], (byte)(port >> 8), (byte)port, 1, 187, .. extensions];
    }

    static byte[] Checked(IPAddress address, int port)
    {
        var header = Binary(address, port, [0x03, 0, 4, 0, 0, 0, 0, 0x04, 0, 1, 9]);
        var sum = header.Aggregate(uint.MaxValue, BitOperations.Crc32C) ^ uint.MaxValue;
        var at = header.Length - 8;
        for (var index = 0; index < 4; index++) header[at + index] = (byte)(sum >> (24 - 8 * index));
        return header;
    }

    static byte[] Bytes(string line)
    {
        var text = line.StartsWith('@') ? Signature + line[1..] : line;
        var bytes = new List<byte>();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\')
            {
                bytes.Add((byte)text[at]);
                continue;
            }
            at++;
            bytes.Add(text[at] switch { 'r' => 13, 'n' => 10, _ => Convert.ToByte(text.Substring(at + 1, 2), 16) });
            if (text[at] == 'x') at += 2;
        }
        return [.. bytes];
    }
}
