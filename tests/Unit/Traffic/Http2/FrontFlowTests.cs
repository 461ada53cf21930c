using System.Text;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>What HTTP/2 promises about flow, time and ends, and what attackers make of it.</summary>
public sealed class FrontFlowTests
{
    static string Big(int bytes) => $"HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n" + new string('z', bytes);

    [Fact]
    public async Task No_more_is_sent_than_the_windows_allow()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => Big(100_000);
        front.Send(Frames.Setting(4, 1000));
        front.Send(Frames.Request(1, Frames.Both, Frames.Get()));
        front.Data(1).Length.ShouldBe(1000);
        front.Send(Frames.Number(FrameType.WindowUpdate, 1, 500));
        front.Data(1).Length.ShouldBe(1500);
        front.Send(Frames.Setting(4, 3000));
        front.Data(1).Length.ShouldBe(3500);
        front.Send(Frames.Setting(4, 0));
        front.Send(Frames.Number(FrameType.WindowUpdate, 1, 2000));
        // The window was 2,000 below nothing of what was sent: §6.9.2.
        front.Data(1).Length.ShouldBe(3500);
        front.Send(Frames.Number(FrameType.WindowUpdate, 1, 200_000));
        front.Data(1).Length.ShouldBe(65_535);
        front.Send(Frames.Number(FrameType.WindowUpdate, 0, 200_000));
        front.Data(1).Length.ShouldBe(100_000);
        front.IsEnded(1).ShouldBeTrue();
    }

    [Fact]
    public async Task A_stream_whose_window_is_closed_does_not_hold_another()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = request => request.StartsWith("GET /big", StringComparison.Ordinal) ? Big(100_000) : Big(10);
        front.Send(Frames.Setting(4, 100), Frames.Request(1, Frames.Both, Frames.Get("/big")), Frames.Request(3, Frames.Both, Frames.Get()));
        front.Data(1).Length.ShouldBe(100);
        front.IsEnded(3).ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_read_is_announced_and_what_nobody_reads_is_not()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Frames.Post()));
        for (var count = 0; count < 20; count++) front.Send(Frames.Of(FrameType.Data, 0, 1, new byte[16_000]));
        front.ResetOf(1).ShouldBeNull();
        front.Received.Where(frame => frame is { Type: FrameType.WindowUpdate, Stream: 1 }).ShouldNotBeEmpty();
        front.Network.Endpoints.Single().Stalls = true;
        for (var count = 0; count < 17; count++) front.Send(Frames.Of(FrameType.Data, 0, 1, new byte[16_000]));
        front.ResetOf(1).ShouldBe(Http2Error.FlowControl);
    }

    [Fact]
    public async Task A_reset_ends_the_exchange_at_its_endpoint()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        front.Send(Frames.Request(1, Frames.Both, Frames.Get()));
        front.Network.Endpoints.Single().IsClosed.ShouldBeFalse();
        front.Send(Frames.Number(FrameType.ResetStream, 1, (uint)Http2Error.Cancel));
        front.Network.Endpoints.Single().IsClosed.ShouldBeTrue();
        front.Gone.ShouldBeNull();
    }

    [Fact]
    public async Task A_client_that_resets_what_it_asks_for_reaches_no_endpoint_and_is_sent_away()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        for (var stream = 1; front.Gone is null && stream < 20_000; stream += 2)
        {
            front.Send(Frames.Request(stream, Frames.Both, Frames.Get()), Frames.Number(FrameType.ResetStream, stream, 8));
        }
        front.Gone.ShouldBe(Http2Error.EnhanceYourCalm);
        front.Network.Endpoints.ShouldBeEmpty();
        front.Received.Count.ShouldBeLessThan(20);
    }

    [Fact]
    public async Task A_client_that_waits_for_the_endpoint_before_it_resets_is_sent_away_too()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        for (var stream = 1; front.Gone is null && stream < 20_000; stream += 2)
        {
            front.Send(Frames.Request(stream, Frames.Both, Frames.Get()));
            front.Send(Frames.Number(FrameType.ResetStream, stream, 8));
        }
        front.Gone.ShouldBe(Http2Error.EnhanceYourCalm);
        front.Network.Endpoints.Count.ShouldBeLessThanOrEqualTo(FloodGuard.Most + 1);
        front.Network.Endpoints.ShouldAllBe(endpoint => endpoint.IsClosed);
    }

    [Fact]
    public async Task More_streams_than_we_allow_are_refused_and_nothing_else()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        front.Send([.. Enumerable.Range(0, 130).Select(number => Frames.Request(number * 2 + 1, Frames.Both, Frames.Get()))]);
        front.Network.Requests.Count.ShouldBe(128);
        front.ResetOf(257).ShouldBe(Http2Error.RefusedStream);
        front.ResetOf(259).ShouldBe(Http2Error.RefusedStream);
        front.Gone.ShouldBeNull();
    }

    [Theory]
    [InlineData("pings")]
    [InlineData("settings")]
    [InlineData("priorities")]
    [InlineData("empty data")]
    [InlineData("unknown frames")]
    [InlineData("malformed requests")]
    [InlineData("empty continuations")]
    public async Task A_flood_ends_the_connection_and_a_trickle_does_not(string what)
    {
        var stream = 1;
        byte[] One() => what switch
        {
            "pings" => Frames.Of(FrameType.Ping, 0, 0, new byte[8]),
            "settings" => Frames.Of(FrameType.Settings, 0, 0),
            "priorities" => Frames.Of(FrameType.Priority, 0, 1, new byte[5]),
            "empty data" => Frames.Of(FrameType.Data, 0, 1),
            "unknown frames" => Frames.Of((FrameType)0x99, 0, 0),
            "malformed requests" => Frames.Request(stream += 2, Frames.Both, (":path", "/")),
            _ => Frames.Of(FrameType.Continuation, 0, 1),
        };
        byte[][] first = what == "empty continuations" ? [Frames.Of(FrameType.Headers, 0, 1, 0x82)] : [Frames.Request(1, FrameHead.EndHeaders, Frames.Post())];
        await using (var front = new FrontUnderTest())
        {
            front.Network.Answer = _ => null;
            front.Send(first);
            for (var count = 0; count < 60 && front.Gone is null; count++) front.Send([.. Enumerable.Range(0, 20).Select(_ => One())]);
            front.Gone.ShouldBe(Http2Error.EnhanceYourCalm);
        }
        stream = 1;
        await using (var front = new FrontUnderTest())
        {
            front.Network.Answer = _ => null;
            front.Send(first);
            for (var count = 0; count < 95; count++)
            {
                front.Send(One());
                front.Advance(TimeSpan.FromMilliseconds(100));
            }
            front.Gone.ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_block_of_references_to_one_large_field_is_answered_and_not_unfolded()
    {
        await using var front = new FrontUnderTest();
        var large = new byte[4000];
        large.AsSpan().Fill((byte)'a');
        // A field that fills the table, then as many references to it as a block may hold: 4 KB become 60 MB.
        byte[] block = [.. Frames.Block(Frames.Get()), 0x40, 1, (byte)'x', 127, 0xA1, 0x1E, .. large, .. Enumerable.Repeat((byte)0xBE, 11_000)];
        front.Send(Frames.Of(FrameType.Headers, Frames.Both, 1, block));
        front.Heads(1).ShouldHaveSingleItem().ShouldStartWith(":status: 431");
        front.Network.Requests.ShouldBeEmpty();
        front.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        front.Data(3).ShouldBe("ok");
    }

    [Fact]
    public async Task A_head_that_is_never_whole_ends_the_connection()
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Of(FrameType.Headers, FrameHead.EndStream, 1, 0x82));
        front.Advance(TimeSpan.FromSeconds(5));
        front.Send(Frames.Of(FrameType.Continuation, 0, 1, 0x87));
        front.Gone.ShouldBeNull();
        front.Advance(TimeSpan.FromSeconds(5.5));
        await front.WhenOverAsync();
        front.Wire.IsClosed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_client_whose_every_piece_ends_within_a_frame_is_served_for_as_long_as_it_goes_on()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Frames.Post()));
        var frame = Frames.Of(FrameType.Data, 0, 1, new byte[1000]);
        front.Send(frame[..5]);
        for (var count = 0; count < 100; count++)
        {
            front.Send(frame[5..], frame[..5]);
            front.Advance(TimeSpan.FromMilliseconds(200));
        }
        front.Gone.ShouldBeNull();
        front.Advance(TimeSpan.FromSeconds(11));
        await front.WhenOverAsync();
        front.Wire.IsClosed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_not_waited_for()
    {
        await using var front = new FrontUnderTest(hello: false);
        front.Advance(TimeSpan.FromSeconds(11));
        await front.WhenOverAsync();
        front.Wire.IsClosed.ShouldBeTrue();
    }

    [Fact]
    public async Task An_idle_connection_is_told_that_it_ends()
    {
        await using var front = new FrontUnderTest();
        front.Send(Frames.Request(1, Frames.Both, Frames.Get()));
        front.Advance(TimeSpan.FromSeconds(55));
        front.Send(Frames.Of(FrameType.Ping, 0, 0, new byte[8]));
        front.Gone.ShouldBeNull();
        front.Advance(TimeSpan.FromSeconds(6));
        await front.WhenOverAsync();
        front.Gone.ShouldBe(Http2Error.None);
        front.Wire.WasReset.ShouldBeFalse();
    }

    [Fact]
    public async Task A_window_that_stays_closed_costs_the_stream_and_not_the_connection()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => Big(10_000);
        front.Send(Frames.Setting(4, 0), Frames.Request(1, Frames.Both, Frames.Get()));
        front.Advance(TimeSpan.FromSeconds(40));
        front.ResetOf(1).ShouldBe(Http2Error.Internal);
        front.Network.Endpoints.Single().IsClosed.ShouldBeTrue();
        front.Gone.ShouldBeNull();
        front.Send(Frames.Setting(4, 100_000), Frames.Request(3, Frames.Both, Frames.Get()));
        front.IsEnded(3).ShouldBeTrue();
    }

    [Fact]
    public async Task A_client_that_never_reads_is_cut()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => Big(1000);
        front.Wire.Stalls = true;
        front.Send([.. Enumerable.Range(0, 100).Select(number => Frames.Request(number * 2 + 1, Frames.Both, Frames.Get()))]);
        front.Advance(TimeSpan.FromSeconds(31));
        await front.WhenOverAsync();
        front.Wire.WasReset.ShouldBeTrue();
    }

    [Fact]
    public async Task A_body_that_stands_still_costs_its_stream()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = _ => null;
        front.Send(Frames.Request(1, FrameHead.EndHeaders, Frames.Post()), Frames.Of(FrameType.Data, 0, 1, 1));
        front.Advance(TimeSpan.FromSeconds(40));
        front.Heads(1).ShouldHaveSingleItem().ShouldStartWith(":status: 408");
        front.ResetOf(1).ShouldBe(Http2Error.None);
        front.Gone.ShouldBeNull();
    }

    [Fact]
    public async Task A_drain_serves_what_was_on_its_way_and_says_what_it_does_not_serve()
    {
        await using var front = new FrontUnderTest();
        front.Network.Answer = request => request.Contains("/slow", StringComparison.Ordinal) ? null : Big(2);
        front.Send(Frames.Request(1, Frames.Both, Frames.Get("/slow")));
        var drain = front.Gateway.DrainAsync(TimeSpan.FromSeconds(20));
        front.Run();
        front.Received.Last(frame => frame.Type == FrameType.GoAway).Payload[..4].ShouldBe([0x7F, 0xFF, 0xFF, 0xFF]);
        front.Send(Frames.Request(3, Frames.Both, Frames.Get()));
        front.IsEnded(3).ShouldBeTrue();
        front.Advance(TimeSpan.FromSeconds(1.2));
        front.Received.Last(frame => frame.Type == FrameType.GoAway).Payload[..4].ShouldBe([0, 0, 0, 3]);
        front.Send(Frames.Request(5, Frames.Both, Frames.Get()));
        front.Heads(5).ShouldBeEmpty();
        front.Network.Endpoints.First(endpoint => !endpoint.IsClosed).Give(Encoding.ASCII.GetBytes(Big(3)));
        front.Run();
        front.Data(1).ShouldBe("zzz");
        await front.WhenOverAsync();
        (await drain).ShouldBeTrue();
    }

    [Fact]
    public async Task Answers_that_are_ready_together_leave_together()
    {
        await using var front = new FrontUnderTest();
        var sends = 0;
        var before = front.Wire.Sent;
        front.Wire.Sent = bytes =>
        {
            sends++;
            before(bytes);
        };
        front.Send([.. Enumerable.Range(0, 10).Select(number => Frames.Request(number * 2 + 1, Frames.Both, Frames.Get()))]);
        Enumerable.Range(0, 10).ShouldAllBe(number => front.IsEnded(number * 2 + 1));
        sends.ShouldBeLessThan(11);
    }
}
