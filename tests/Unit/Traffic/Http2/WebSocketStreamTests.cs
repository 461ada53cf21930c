using System.Security.Cryptography;
using System.Text;
using Mainstay.Traffic.Path.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>A WebSocket on a stream of HTTP/2 (RFC 8441), to a service that speaks HTTP/1.1.</summary>
public sealed class WebSocketStreamTests
{
    static readonly (string, string)[] Ask =
        [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "a.test"), (":path", "/talk"), ("sec-websocket-version", "13"), ("sec-websocket-key", "mine")];

    static string Accepting(string request, string proof = "")
    {
        var key = request.Split("sec-websocket-key: ")[1].Split('\r')[0];
#pragma warning disable CA5350 // What the standard says.
        if (proof == "") proof = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {proof}\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    }

    [Fact]
    public async Task That_it_is_understood_is_told_at_the_beginning()
    {
        await using var front = new FrontUnderTest();
        front.Received[0].Payload.Chunk(6).ShouldContain(setting => setting.SequenceEqual(new byte[] { 0, 8, 0, 0, 0, 1 }));
    }

    [Fact]
    public async Task The_service_is_asked_as_HTTP_1_asks_and_the_client_hears_success()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = request => Accepting(request) + "hello";
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Ask));
        var request = front.Network.Requests.ShouldHaveSingleItem();
        request.ShouldStartWith("GET /talk HTTP/1.1\r\nhost: a.test\r\n");
        request.ShouldContain("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
        request.ShouldContain("\r\nsec-websocket-version: 13\r\n");
        request.ShouldNotContain("mine");
        request.ShouldNotContain("transfer-encoding");
        var head = front.Heads(1).ShouldHaveSingleItem();
        head.ShouldStartWith(":status: 200\n");
        head.ShouldContain("sec-websocket-protocol: chat");
        head.ShouldNotContain("sec-websocket-accept");
        head.ShouldNotContain("upgrade");
        front.Data(1).ShouldBe("hello");
    }

    [Fact]
    public async Task What_comes_before_it_has_begun_is_not_taken_for_another_request()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Ask), Frames.Of(FrameType.Data, 0, 1, "GET /other HTTP/1.1\r\nHost: a.test\r\n\r\n"u8.ToArray()));
        front.Heads(1).ShouldHaveSingleItem().ShouldStartWith(":status: 404\n");
        front.Network.Requests.ShouldHaveSingleItem().ShouldStartWith("GET /talk ");
        front.Network.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        front.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        front.Data(3).ShouldBe("ok");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("101 without a proof")]
    [InlineData("101 with another's proof")]
    public async Task A_success_that_is_none_resets_the_stream(string answer)
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = request => answer switch
        {
            "101 without a proof" => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "101 with another's proof" => Accepting(request, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            _ => answer,
        };
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Ask));
        front.Heads(1).ShouldBeEmpty();
        front.ResetOf(1).ShouldNotBeNull();
    }

    [Fact]
    public async Task Another_protocol_is_refused_as_a_method_that_is_not_served()
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Request(1, FrameHead.EndHeaders, [.. Ask.Select(field => field.Item1 == ":protocol" ? (":protocol", "connect-udp") : field)]));
        front.Heads(1).ShouldHaveSingleItem().ShouldStartWith(":status: 501\n");
        front.Network.Requests.ShouldBeEmpty();
    }
}
