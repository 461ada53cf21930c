using System.Text;
using Mainstay.Traffic.Path.Http2;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>
/// Conversations with random changes, whole and in pieces: nothing breaks or hangs, nothing malformed reaches an endpoint, what is asked well is answered, and
/// every stream has at most one end. A round of a fixed seed in <c>./test</c>, longer with <c>MAINSTAY_FUZZ_SECONDS</c>.
/// </summary>
public sealed class FrontFuzzTests
{
    const int Rounds = 120;

    static readonly string[] Answers =
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nx-end: 1\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + new string('z', 20_000),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nno",
        "HTTP/1.1 2x0 Bad\r\n\r\n",
    ];

    [Fact]
    public async Task A_fuzz_of_frames_finds_nothing()
    {
        foreach (var seed in FuzzTime.Seeds(first: 31))
        {
            try
            {
                for (var round = 0; round < Rounds; round++) await RoundAsync(new Random(seed * 1000 + round));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    static async Task RoundAsync(Random random)
    {
        await using var front = new FrontUnderTest(hello: false);
        front.Network.Answer = _ => random.Next(8) == 0 ? null : Answers[random.Next(Answers.Length)];
        var frames = Conversation(random);
        var isChanged = random.Next(4) != 0;
        if (isChanged)
        {
            for (var changes = random.Next(1, 4); changes > 0; changes--) Change(frames, random);
        }
        var bytes = frames.SelectMany(frame => frame).ToArray();
        if (isChanged && random.Next(3) == 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        for (var at = 0; at < bytes.Length;)
        {
            var piece = Math.Min(random.Next(3) switch { 0 => 1 + random.Next(20), 1 => 1 + random.Next(2000), _ => bytes.Length }, bytes.Length - at);
            front.Send(bytes[at..(at + piece)]);
            at += piece;
            if (random.Next(50) == 0) front.Advance(TimeSpan.FromMilliseconds(100 * random.Next(1, 200)));
        }
        if (random.Next(4) == 0) front.Advance(TimeSpan.FromSeconds(random.Next(100)));
        if (!isChanged) front.Received.ShouldNotContain(frame => frame.Type == FrameType.GoAway && frame.Error != Http2Error.None);
        foreach (var stream in front.Received.Where(frame => frame.Stream > 0).GroupBy(frame => frame.Stream)) CheckStream(stream.ToList());
        front.Network.Malformed.ShouldBeEmpty();
        front.Gateway.LastFault.ShouldBeNull();
    }

    /// <summary>RFC 9113 §5.1 and §8.1, as the client sees it.</summary>
    static void CheckStream(List<Frame> frames)
    {
        var sent = frames.Where(frame => frame.Type is FrameType.Headers or FrameType.Data).ToList();
        sent.Count(frame => frame.Ends).ShouldBeLessThanOrEqualTo(1);
        if (sent.Any(frame => frame.Ends)) sent[^1].Ends.ShouldBeTrue();
        if (sent.Count > 0) sent[0].Type.ShouldBe(FrameType.Headers);
        frames.Count(frame => frame.Type == FrameType.ResetStream).ShouldBeLessThanOrEqualTo(1);
        // Behind a reset nothing more is said.
        var reset = frames.FindIndex(frame => frame.Type == FrameType.ResetStream);
        if (reset >= 0) frames.Skip(reset + 1).ShouldBeEmpty();
    }

    /// <summary>What a client may well say: some requests, with and without bodies and trailers, their frames mixed, and a few words about the connection.</summary>
    static List<byte[]> Conversation(Random random)
    {
        var all = new List<byte[]> { Frames.Preface, random.Next(2) == 0 ? Frames.Of(FrameType.Settings, 0, 0) : Frames.Setting(4, (uint)random.Next(70_000)) };
        var streams = new List<Queue<byte[]>>();
        for (var count = random.Next(1, 8); count > 0; count--) streams.Add(Stream(random));
        var next = 1;
        var open = new List<(int Id, Queue<byte[]> Frames)>();
        while (streams.Count > 0 || open.Count > 0)
        {
            if (streams.Count > 0 && (open.Count == 0 || random.Next(2) == 0))
            {
                open.Add((next, streams[0]));
                streams.RemoveAt(0);
                all.AddRange(Numbered(next, open[^1].Frames));
                next += 2 * random.Next(1, 3);
            }
            else
            {
                var index = random.Next(open.Count);
                all.AddRange(Numbered(open[index].Id, open[index].Frames));
            }
            open.RemoveAll(one => one.Frames.Count == 0);
            if (random.Next(6) == 0) all.Add(Word(random));
        }
        return all;
    }

    /// <summary>The stream's next frame, and those that must follow it at once (CONTINUATION).</summary>
    static IEnumerable<byte[]> Numbered(int stream, Queue<byte[]> frames)
    {
        while (frames.TryDequeue(out var frame))
        {
            FrameHead.Read(frame).Type.ShouldNotBe(FrameType.Settings);
            (FrameHead.Read(frame) with { Stream = stream }).Write(frame);
            yield return frame;
            if (frames.Count == 0 || (FrameType)frames.Peek()[3] != FrameType.Continuation) yield break;
        }
    }

    static Queue<byte[]> Stream(Random random)
    {
        var frames = new Queue<byte[]>();
        var body = random.Next(3) == 0 ? 0 : random.Next(random.Next(2) == 0 ? 50 : 20_000);
        var hasTrailers = random.Next(4) == 0;
        var fields = body == 0 && !hasTrailers ? Frames.Get($"/{random.Next(100)}").ToList() : [.. Frames.Post("/p")];
        if (random.Next(2) == 0) fields.Add(("x-one", new string('v', random.Next(200))));
        if (random.Next(4) == 0) fields.Add(("cookie", "a=b"));
        if (random.Next(4) == 0) fields.Add(("te", "trailers"));
        if (body > 0 && random.Next(2) == 0) fields.Add(("content-length", $"{body}"));
        var block = Frames.Block([.. fields]);
        var end = body == 0 && !hasTrailers ? FrameHead.EndStream : 0;
        if (random.Next(4) == 0)
        {
            var cut = random.Next(block.Length);
            frames.Enqueue(Frames.Of(FrameType.Headers, end, 0, block[..cut]));
            frames.Enqueue(Frames.Of(FrameType.Continuation, FrameHead.EndHeaders, 0, block[cut..]));
        }
        else
        {
            frames.Enqueue(Frames.Of(FrameType.Headers, end | FrameHead.EndHeaders, 0, block));
        }
        for (var left = body; left > 0;)
        {
            var part = Math.Min(left, random.Next(1, 16_000));
            left -= part;
            var ends = left == 0 && !hasTrailers ? FrameHead.EndStream : 0;
            frames.Enqueue(random.Next(4) == 0
                ? Frames.Of(FrameType.Data, ends | FrameHead.Padded, 0, [3, .. new byte[part], 0, 0, 0])
                : Frames.Of(FrameType.Data, ends, 0, new byte[part]));
        }
        if (hasTrailers) frames.Enqueue(Frames.Of(FrameType.Headers, Frames.Both, 0, Frames.Block(("x-sum", "1"))));
        else if (random.Next(6) == 0) frames.Enqueue(Frames.Number(FrameType.ResetStream, 0, 8));
        return frames;
    }

    static byte[] Word(Random random) => random.Next(6) switch
    {
        0 => Frames.Of(FrameType.Ping, 0, 0, new byte[8]),
        1 => Frames.Number(FrameType.WindowUpdate, 0, (uint)random.Next(1, 100_000)),
        2 => Frames.Setting(4, (uint)random.Next(100_000)),
        3 => Frames.Setting(1, (uint)random.Next(2) * 4096),
        4 => Frames.Of(FrameType.Priority, 0, 1, new byte[5]),
        _ => Frames.Of((FrameType)77, 1, 3, [.. "what"u8]),
    };

    static void Change(List<byte[]> frames, Random random)
    {
        var index = random.Next(frames.Count);
        var frame = (byte[])frames[index].Clone();
        switch (random.Next(9))
        {
            case 0:
                frames.RemoveAt(index);
                if (frames.Count == 0) frames.Add([0]);
                return;
            case 1:
                frames.Insert(index, frame);
                return;
            case 2:
                frames.Insert(random.Next(frames.Count), frame);
                return;
            case 3:
                frame[4 % frame.Length] ^= (byte)(1 << random.Next(8));
                break;
            case 4:
                frame[3 % frame.Length] = (byte)random.Next(12);
                break;
            case 5:
                frame[8 % frame.Length] = (byte)random.Next(16);
                break;
            case 6:
                frame[2 % frame.Length] += (byte)random.Next(-3, 4);
                break;
            case 7:
                frame = [.. frame.Take(random.Next(1, frame.Length + 1))];
                break;
            default:
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
                break;
        }
        frames[index] = frame;
    }
}
