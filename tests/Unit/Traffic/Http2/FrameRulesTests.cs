using System.Text;
using Mainstay.Traffic.Path.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>RFC 9113, rule by rule: what is served, what resets its stream, and what ends the connection.</summary>
public sealed class FrameRulesTests
{
    static readonly string Hundred = new('x', 100);

    /// <summary>§8.2 and §8.3. Each has a field or two beside, or instead of, those of a good request.</summary>
    public static TheoryData<string> MalformedHeads =>
    [
        ":method: GET|:scheme: https|:path: /|X-Upper: 1",
        ":method: GET|:scheme: https|:path: /|x y: 1",
        ":method: GET|:scheme: https|:path: /|: 1",
        ":method: GET|:scheme: https|:path: /|x: a\nb",
        ":method: GET|:scheme: https|:path: /|x: a\rb",
        ":method: GET|:scheme: https|:path: /|x: a\0b",
        ":method: GET|:scheme: https|:path: /|x:  a",
        ":method: GET|:scheme: https|:path: /|x: a\t",
        ":method: GET|:scheme: https|:path: /|connection: close",
        ":method: GET|:scheme: https|:path: /|keep-alive: 1",
        ":method: GET|:scheme: https|:path: /|proxy-connection: close",
        ":method: GET|:scheme: https|:path: /|transfer-encoding: chunked",
        ":method: GET|:scheme: https|:path: /|upgrade: websocket",
        ":method: GET|:scheme: https|:path: /|te: gzip",
        ":method: GET|:scheme: https|:path: /|x: 1|:authority: a.test",
        ":method: GET|:scheme: https|:path: /|:path: /b",
        ":method: GET|:scheme: https|:path: /|:status: 200",
        ":method: GET|:scheme: https|:path: /|:protocol: websocket",
        ":method: GET|:scheme: https|:path: /|:authority: a.test|host: b.test",
        ":method: GET|:scheme: https|:path: /|host: a.test|host: a.test",
        ":method: GET|:scheme: https|:path: /|content-length: 1",
        ":method: GET|:scheme: https|:path: /|content-length: -1",
        ":method: GET|:scheme: https|:path: /|content-length: 0|content-length: 0",
        ":method: GET|:scheme: http|:path: /",
        ":method: GET|:scheme: https",
        ":method: GET|:path: /",
        ":scheme: https|:path: /",
        ":method: GET|:scheme: https|:path: ",
        ":method: GET|:scheme: https|:path: x",
        ":method: GET|:scheme: https|:path: http://b.test/",
        ":method: GET|:scheme: https|:path: / HTTP/1.1",
        ":method: GET|:scheme: https|:path: /\r\nx: 1",
        ":method: G T|:scheme: https|:path: /",
        ":method: GET / HTTP/1.1\r\nHost: b\r\n\r\nGET|:scheme: https|:path: /",
        ":method: GET|:scheme: https|:path: /|:authority: a test",
        ":method: CONNECT|:scheme: https|:path: /|:authority: a.test",
        ":method: CONNECT|:protocol: websocket|:scheme: https|:authority: a.test",
        ":method: CONNECT|:protocol: websocket|:authority: a.test|:path: /",
        ":method: CONNECT|:protocol: websocket|:scheme: https|:authority: a.test|:path: x",
        ":method: CONNECT|:protocol: websocket|:scheme: https|:authority: a.test|:path: /|content-length: 0",
        "x: 1",
    ];

    [Theory]
    [MemberData(nameof(MalformedHeads))]
    public async Task A_malformed_request_resets_its_stream_and_reaches_nobody(string fields)
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Of(FrameType.Headers, Frames.Both, 1, Frames.Block([.. fields.Split('|').Select(Split)])));
        front.ResetOf(1).ShouldBe(Http2Error.Protocol);
        front.Network.Requests.ShouldBeEmpty();
        // The connection goes on.
        front.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        front.Data(3).ShouldBe("ok");
    }

    [Theory]
    [InlineData("te: trailers", "")]
    [InlineData("host: A.test", "")]
    [InlineData("cookie: a=1|cookie: b=2|x: 1|cookie: c=3", "cookie: a=1; b=2; c=3\r\n")]
    [InlineData("x: ", "x: \r\n")]
    [InlineData("content-length: 0", "content-length: 0\r\n")]
    public async Task A_well_formed_request_is_passed_on_as_HTTP_1(string fields, string line)
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Request(1, Frames.Both, [.. Frames.Get("/a?b"), .. fields.Split('|').Select(Split)]));
        front.Data(1).ShouldBe("ok");
        var request = front.Network.Requests.ShouldHaveSingleItem();
        request.ShouldStartWith("GET /a?b HTTP/1.1\r\nhost: a.test\r\n");
        request.ShouldContain("\r\n" + line);
        request.Split("host: ", StringSplitOptions.None).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData("CONNECT", 501)]
    [InlineData("OPTIONS", 200)]
    public async Task Methods_with_targets_of_their_own(string method, int status)
    {
        await using var front = new FrontUnderTest();
        front.Send(method == "CONNECT"
            ? Frames.Request(1, Frames.Both, (":method", method), (":authority", "a.test:80"))
            : Frames.Request(1, Frames.Both, (":method", method), (":scheme", "https"), (":authority", "a.test"), (":path", "/")));
        front.Heads(1).ShouldHaveSingleItem().ShouldStartWith($":status: {status}");
    }

    [Fact]
    public async Task A_head_that_is_too_large_is_answered()
    {
        await using var front = new FrontUnderTest();
        var fields = Frames.Get().Concat(Enumerable.Range(0, 500).Select(number => ($"x-{number}", Hundred))).ToArray();
        var block = Frames.Block(fields);
        front.Send([Frames.Of(FrameType.Headers, FrameHead.EndStream, 1, block[..16_000]), .. block[16_000..].Chunk(16_000)
            .Select((part, index) => Frames.Of(FrameType.Continuation, 16_000 * (index + 2) >= block.Length ? FrameHead.EndHeaders : 0, 1, part))]);
        front.Gone.ShouldBe(block.Length > 56 * 1024 ? Http2Error.EnhanceYourCalm : null);
        await using var other = new FrontUnderTest();
        block = Frames.Block([.. fields.Take(400)]);
        other.Send([Frames.Of(FrameType.Headers, FrameHead.EndStream, 1, block[..16_000]), .. block[16_000..].Chunk(16_000)
            .Select((part, index) => Frames.Of(FrameType.Continuation, 16_000 * (index + 2) >= block.Length ? FrameHead.EndHeaders : 0, 1, part))]);
        other.Heads(1).ShouldHaveSingleItem().ShouldStartWith(":status: 431");
        other.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        other.Data(3).ShouldBe("ok");
    }

    public static TheoryData<string, uint> Wrongs => new()
    {
        { "first frame is no SETTINGS", 1 },
        { "SETTINGS on a stream", 1 },
        { "SETTINGS of a wrong length", 6 },
        { "SETTINGS ack with a payload", 6 },
        { "SETTINGS with a window beyond 31 bits", 3 },
        { "SETTINGS with a frame size that is too small", 1 },
        { "SETTINGS that enables push with 2", 1 },
        { "PING on a stream", 1 },
        { "PING of a wrong length", 6 },
        { "GOAWAY on a stream", 1 },
        { "PUSH_PROMISE", 1 },
        { "DATA on no stream", 1 },
        { "DATA on an idle stream", 1 },
        { "DATA that is all padding", 1 },
        { "HEADERS on no stream", 1 },
        { "HEADERS on an even stream", 1 },
        { "HEADERS on a stream that is over", 5 },
        { "HEADERS that are all padding", 1 },
        { "HEADERS whose block is malformed", 9 },
        { "RST_STREAM on an idle stream", 1 },
        { "RST_STREAM of a wrong length", 6 },
        { "WINDOW_UPDATE on an idle stream", 1 },
        { "WINDOW_UPDATE of a wrong length", 6 },
        { "WINDOW_UPDATE by nothing", 1 },
        { "WINDOW_UPDATE beyond 31 bits", 3 },
        { "PRIORITY on no stream", 1 },
        { "PRIORITY of a wrong length", 6 },
        { "CONTINUATION of nothing", 1 },
        { "something within a head", 1 },
        { "a frame that is too large", 6 },
    };

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task An_error_of_the_connection_ends_it(string what, uint error)
    {
        await using var front = new FrontUnderTest(hello: false);
        front.Send(what == "first frame is no SETTINGS" ? Frames.Preface : Frames.Hello);
        front.Send(Wrong(what));
        front.Gone.ShouldBe((Http2Error)error);
        await front.WhenOverAsync();
        front.Wire.IsClosed.ShouldBeTrue();
    }

    static byte[] Wrong(string what) => what switch
    {
        "first frame is no SETTINGS" => Frames.Of(FrameType.Ping, 0, 0, new byte[8]),
        "SETTINGS on a stream" => Frames.Of(FrameType.Settings, 0, 1),
        "SETTINGS of a wrong length" => Frames.Of(FrameType.Settings, 0, 0, new byte[5]),
        "SETTINGS ack with a payload" => Frames.Of(FrameType.Settings, FrameHead.Ack, 0, new byte[6]),
        "SETTINGS with a window beyond 31 bits" => Frames.Setting(4, 0x8000_0000),
        "SETTINGS with a frame size that is too small" => Frames.Setting(5, 16_383),
        "SETTINGS that enables push with 2" => Frames.Setting(2, 2),
        "PING on a stream" => Frames.Of(FrameType.Ping, 0, 1, new byte[8]),
        "PING of a wrong length" => Frames.Of(FrameType.Ping, 0, 0, new byte[7]),
        "GOAWAY on a stream" => Frames.Of(FrameType.GoAway, 0, 1, new byte[8]),
        "PUSH_PROMISE" => Frames.Of(FrameType.PushPromise, FrameHead.EndHeaders, 1, new byte[4]),
        "DATA on no stream" => Frames.Of(FrameType.Data, 0, 0, 1),
        "DATA on an idle stream" => Frames.Of(FrameType.Data, 0, 1, 1),
        "DATA that is all padding" => [.. Frames.Request(1, FrameHead.EndHeaders, Frames.Post()), .. Frames.Of(FrameType.Data, FrameHead.Padded, 1, 2, 0)],
        "HEADERS on no stream" => Frames.Request(0, Frames.Both, Frames.Get()),
        "HEADERS on an even stream" => Frames.Request(2, Frames.Both, Frames.Get()),
        "HEADERS on a stream that is over" => [.. Frames.Request(3, Frames.Both, Frames.Get()), .. Frames.Request(1, Frames.Both, Frames.Get())],
        "HEADERS that are all padding" => Frames.Of(FrameType.Headers, Frames.Both | FrameHead.Padded, 1, 5, 0x82),
        "HEADERS whose block is malformed" => Frames.Of(FrameType.Headers, Frames.Both, 1, 0x80),
        "RST_STREAM on an idle stream" => Frames.Number(FrameType.ResetStream, 1, 8),
        "RST_STREAM of a wrong length" => [.. Frames.Request(1, Frames.Both, Frames.Get()), .. Frames.Of(FrameType.ResetStream, 0, 1, 0)],
        "WINDOW_UPDATE on an idle stream" => Frames.Number(FrameType.WindowUpdate, 1, 1),
        "WINDOW_UPDATE of a wrong length" => Frames.Of(FrameType.WindowUpdate, 0, 0, 1),
        "WINDOW_UPDATE by nothing" => Frames.Number(FrameType.WindowUpdate, 0, 0),
        "WINDOW_UPDATE beyond 31 bits" => Frames.Number(FrameType.WindowUpdate, 0, int.MaxValue),
        "PRIORITY on no stream" => Frames.Of(FrameType.Priority, 0, 0, new byte[5]),
        "PRIORITY of a wrong length" => Frames.Of(FrameType.Priority, 0, 1, new byte[4]),
        "CONTINUATION of nothing" => Frames.Of(FrameType.Continuation, FrameHead.EndHeaders, 1, 0x82),
        "something within a head" => [.. Frames.Of(FrameType.Headers, 0, 1, 0x82), .. Frames.Of(FrameType.Ping, 0, 0, new byte[8])],
        "a frame that is too large" => Frames.Of((FrameType)99, 0, 0, new byte[16_385]),
        _ => throw new ArgumentException(what),
    };

    [Theory]
    [InlineData(1, 5u, "DATA behind its end")]
    [InlineData(2, 1u, "less than was declared")]
    [InlineData(3, 1u, "more than was declared")]
    [InlineData(4, 1u, "trailers that do not end it")]
    [InlineData(5, 1u, "a pseudo-field among trailers")]
    [InlineData(6, 1u, "WINDOW_UPDATE by nothing")]
    [InlineData(7, 3u, "WINDOW_UPDATE beyond 31 bits")]
    public async Task An_error_of_a_stream_resets_it_and_nothing_else(int which, uint error, string what)
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = request => request.Contains("/slow", StringComparison.Ordinal) ? null : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        (string, string)[] slow = Frames.Post("/slow");
        front.Send(which switch
        {
            1 => [Frames.Request(1, Frames.Both, slow), Frames.Of(FrameType.Data, 0, 1, 1)],
            2 => [Frames.Request(1, FrameHead.EndHeaders, [.. slow, ("content-length", "3")]), Frames.Of(FrameType.Data, FrameHead.EndStream, 1, 1, 2)],
            3 => [Frames.Request(1, FrameHead.EndHeaders, [.. slow, ("content-length", "3")]), Frames.Of(FrameType.Data, 0, 1, 1, 2, 3, 4)],
            4 => [Frames.Request(1, FrameHead.EndHeaders, slow), Frames.Request(1, FrameHead.EndHeaders, ("x", "1"))],
            5 => [Frames.Request(1, FrameHead.EndHeaders, slow), Frames.Request(1, Frames.Both, (":path", "/"))],
            6 => [Frames.Request(1, Frames.Both, slow), Frames.Number(FrameType.WindowUpdate, 1, 0)],
            _ => [Frames.Request(1, Frames.Both, slow), Frames.Number(FrameType.WindowUpdate, 1, int.MaxValue)],
        });
        front.ResetOf(1).ShouldBe((Http2Error)error, what);
        front.Network.Requests.Where(request => request.Contains("/slow", StringComparison.Ordinal) && which is not (1 or 6 or 7)).ShouldBeEmpty(what);
        front.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        front.Data(3).ShouldBe("ok", what);
        // What was on its way for the stream that is no more is no error.
        if (which is 3 or 4 or 5) front.Send(Frames.Of(FrameType.Data, FrameHead.EndStream, 1, 1));
        front.Gone.ShouldBeNull();
    }

    [Fact]
    public async Task Padding_priorities_and_what_is_not_known_change_nothing()
    {
        await using var front = new FrontUnderTest();
        var block = Frames.Block(Frames.Post("/p"));
        front.Send(
            Frames.Of((FrameType)0x42, 0xFF, 7, 1, 2, 3),
            Frames.Setting(0x99, 1),
            Frames.Of(FrameType.Priority, 0, 9, new byte[5]),
            Frames.Of(FrameType.Headers, FrameHead.EndHeaders | FrameHead.Padded | FrameHead.HasPriority, 1, [4, 0, 0, 0, 0, 16, .. block, 0, 0, 0, 0]),
            Frames.Of(FrameType.Data, FrameHead.Padded, 1, [2, .. "hel"u8, 0, 0]),
            Frames.Of(FrameType.Data, FrameHead.Padded | FrameHead.EndStream, 1, [0, .. "lo"u8]));
        front.Data(1).ShouldBe("ok");
        front.Network.Requests.ShouldHaveSingleItem().ShouldEndWith("\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    }

    [Fact]
    public async Task Trailers_of_a_request_reach_the_endpoint()
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Frames.Post()), Frames.Of(FrameType.Data, 0, 1, [.. "a"u8]), Frames.Request(1, Frames.Both, ("x-sum", "1")));
        front.Network.Requests.ShouldHaveSingleItem().ShouldEndWith("1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
        front.Data(1).ShouldBe("ok");
    }

    [Fact]
    public async Task A_head_in_many_frames_byte_by_byte_is_the_same_head()
    {
        await using var front = new FrontUnderTest();
        var block = Frames.Block(Frames.Get("/slowly"));
        byte[] all = [.. Frames.Of(FrameType.Headers, FrameHead.EndStream, 1, block[..5]), .. Frames.Of(FrameType.Continuation, 0, 1, block[5..9]), .. Frames.Of(FrameType.Continuation, FrameHead.EndHeaders, 1, block[9..])];
        foreach (var one in all) front.Send([one]);
        front.Data(1).ShouldBe("ok");
        front.Network.Requests.ShouldHaveSingleItem().ShouldStartWith("GET /slowly HTTP/1.1\r\n");
    }

    [Fact]
    public async Task Interim_responses_come_before_the_response()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        front.Send(Frames.Request(1, Frames.Both, Frames.Get()));
        front.Heads(1).Count.ShouldBe(2);
        front.Heads(1)[0].ShouldBe(":status: 103\nlink: </a.css>; rel=preload");
        front.Heads(1)[1].ShouldStartWith(":status: 200");
        front.Data(1).ShouldBe("ok");
        front.IsEnded(1).ShouldBeTrue();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3;x=y\r\ntwo\r\n0\r\n\r\n", "onetwo", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nx-end: 1\r\n\r\n", "one", 2)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", "one", 1)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "", 1)]
    public async Task Each_framing_of_a_response_becomes_data_that_ends(string answer, string data, int heads)
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => answer;
        front.Send(Frames.Request(1, Frames.Both, Frames.Get()));
        front.Data(1).ShouldBe(data);
        front.Heads(1).Count.ShouldBe(heads);
        front.Received.Count(frame => frame.Stream == 1 && frame.Ends).ShouldBe(1);
        front.Received.Last(frame => frame.Stream == 1).Ends.ShouldBeTrue();
        front.Heads(1)[0].ShouldNotContain("transfer-encoding");
        front.Heads(1)[0].ShouldNotContain("connection");
    }

    static (string, string) Split(string field)
    {
        var at = field.IndexOf(": ", 1, StringComparison.Ordinal);
        return at < 0 ? ("", field[2..]) : (field[..at], field[(at + 2)..]);
    }
}
