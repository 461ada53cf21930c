using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Properties of the parsers over well-formed and broken input.</summary>
public sealed class ParserFuzzTests
{
    /// <summary>Requests from which broken ones are made.</summary>
    internal static readonly string[] Seeds =
    [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x/y?z=1 HTTP/1.1\r\nHost: a.b:80\r\nAccept: */*\r\nConnection: keep-alive, x-y\r\nX-Y: 1\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: 1\r\n\r\n",
        "PUT /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ];

    static readonly string[] Spice =
        ["\r", "\n", "\r\n", "\0", " ", "\t", ":", ",", ";", "\x7f", "\x80", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "0", "-", "%", "/", "HTTP/1.1"];

    [Fact]
    public void Input_that_arrives_in_two_pieces_is_parsed_like_input_that_arrives_in_one()
    {
        foreach (var text in Seeds.Concat(Broken(seed: 7, count: 300)))
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var whole = Outcome(bytes, bytes.Length);
            for (var split = 0; split < bytes.Length; split++) Outcome(bytes, split).ShouldBe(whole, $"split at {split}: {text}");
        }
    }

    [Fact]
    public void Input_that_arrives_byte_by_byte_is_parsed_like_input_that_arrives_in_one()
    {
        foreach (var text in Seeds.Concat(Broken(seed: 11, count: 300)))
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var head = new RequestHead();
            head.Reset();
            var status = ParseStatus.Incomplete;
            for (var length = 1; length <= bytes.Length && status == ParseStatus.Incomplete; length++)
            {
                status = head.Parse(bytes.AsSpan(0, length), new PathLimits());
            }
            (status, head.Failure, head.Length).ShouldBe(Parse(bytes), text);
        }
    }

    [Fact]
    public void What_is_passed_on_is_a_request_that_would_be_accepted_again()
    {
        foreach (var text in Seeds.Concat(FuzzTime.Seeds(first: 13).SelectMany(seed => Broken(seed, count: 3000))))
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var head = new RequestHead();
            head.Reset();
            if (head.Parse(bytes, new PathLimits()) != ParseStatus.Complete || head.Minor == 0) continue;
            var copy = new byte[bytes.Length * 2];
            var writer = new HeadWriter(copy);
            writer.Add(head.Method.Of(bytes));
            writer.Add(" "u8);
            writer.Add(head.Target.Of(bytes));
            writer.Add(" HTTP/1.1\r\n"u8);
            writer.AddHeaders(bytes, head);
            writer.Add("\r\n"u8);
            var again = new RequestHead();
            again.Reset();
            again.Parse(copy.AsSpan(0, writer.Length), new PathLimits()).ShouldBe(ParseStatus.Complete, text);
            again.Length.ShouldBe(writer.Length, text);
            (again.ContentLength, again.Chunked).ShouldBe((head.ContentLength, head.Chunked), text);
            again.Cuts.Length.ShouldBe(0, text);
        }
    }

    [Fact]
    public void A_chunked_body_ends_at_the_same_byte_however_it_arrives()
    {
        var sizes = Gen.Choose(1, 300).ListOf().Select(list => list.Take(8).ToList());
        Prop.ForAll(sizes.ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (chunks, piece) =>
        {
            var body = new StringBuilder();
            var data = new StringBuilder();
            foreach (var size in chunks)
            {
                var chunk = new string((char)('a' + size % 26), size);
                data.Append(chunk);
                body.Append($"{size:x}\r\n{chunk}\r\n");
            }
            var bytes = Encoding.Latin1.GetBytes(body.Append("0\r\nX-Sum: 1\r\n\r\nGET /next").ToString());
            var end = bytes.Length - "GET /next".Length;
            var scanner = new ChunkScanner();
            var stripped = new StringBuilder();
            var at = 0;
            while (!scanner.IsDone && !scanner.IsBad && at < bytes.Length)
            {
                var next = bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)).ToArray();
                at += scanner.Take(next, strip: true, out var kept);
                stripped.Append(Encoding.Latin1.GetString(next, 0, kept));
            }
            return scanner.IsDone && at == end && stripped.ToString() == data.ToString();
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("g\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0x1\r\n")]
    [InlineData(" 1\r\n")]
    [InlineData("1 \r\n")]
    [InlineData("1\na\r\n")]
    [InlineData("1\r\nab")]
    [InlineData("1\r\na\n")]
    [InlineData("1;a\nb\r\n")]
    [InlineData("1111111111111111\r\n")]
    [InlineData("0\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("0\r\nTRANSFER-ENCODING: x\r\n\r\n")]
    [InlineData("0\r\n: x\r\n\r\n")]
    [InlineData("0\r\nX Y: x\r\n\r\n")]
    [InlineData("0\r\nX: x\n\r\n")]
    [InlineData("0\r\n\n")]
    public void A_malformed_chunk_is_refused(string body)
    {
        var scanner = new ChunkScanner();
        scanner.Take(Encoding.Latin1.GetBytes(body), strip: false, out _);
        scanner.IsBad.ShouldBeTrue();
    }

    [Fact]
    public void Latency_buckets_cover_everything_without_gap_or_overlap()
    {
        for (var index = 0; index < LatencyBuckets.Count - 1; index++)
        {
            LatencyBuckets.IndexOf(LatencyBuckets.LowerBound(index)).ShouldBe(index);
            LatencyBuckets.IndexOf(LatencyBuckets.UpperBound(index) - 1).ShouldBe(index);
            LatencyBuckets.UpperBound(index).ShouldBe(LatencyBuckets.LowerBound(index + 1));
        }
        LatencyBuckets.IndexOf(long.MaxValue).ShouldBe(LatencyBuckets.Count - 1);
        LatencyBuckets.IndexOf(-1).ShouldBe(0);
    }

    /// <summary>Requests with one to three random changes. The same seed gives the same requests.</summary>
    internal static IEnumerable<string> Broken(int seed, int count)
    {
        var random = new Random(seed);
        for (var made = 0; made < count; made++)
        {
            var text = Seeds[random.Next(Seeds.Length)];
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(text.Length);
                text = random.Next(3) switch
                {
                    0 => text.Remove(at, random.Next(1, Math.Min(4, text.Length - at) + 1)),
                    1 => text.Insert(at, Spice[random.Next(Spice.Length)]),
                    _ => text.Remove(at, 1).Insert(at, ((char)random.Next(256)).ToString()),
                };
                if (text.Length == 0) text = " ";
            }
            yield return text;
        }
    }

    static (ParseStatus, Reason, int) Parse(byte[] bytes)
    {
        var head = new RequestHead();
        head.Reset();
        return (head.Parse(bytes, new PathLimits()), head.Failure, head.Length);
    }

    static (ParseStatus, Reason, int) Outcome(byte[] bytes, int split)
    {
        var head = new RequestHead();
        head.Reset();
        var status = head.Parse(bytes.AsSpan(0, split), new PathLimits());
        if (status == ParseStatus.Incomplete) status = head.Parse(bytes, new PathLimits());
        return (status, head.Failure, head.Length);
    }
}
