using Mainstay.Observe.Store.Logs;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Store;

/// <summary>What is made of a line, as logging libraries write them.</summary>
public sealed class LineReaderTests
{
    const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    static readonly DateTimeOffset At = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("listening on 8080", "0 listening on 8080 []")]
    [InlineData("info: Shop.Orders[0] order taken", "9 info: Shop.Orders[0] order taken []")]
    [InlineData("fail: Microsoft.Hosting[3]", "17 fail: Microsoft.Hosting[3] []")]
    [InlineData("2026-01-01T12:00:01.348Z fail: Orders[0] was not kept", "17 2026-01-01T12:00:01.348Z fail: Orders[0] was not kept []")]
    [InlineData("2026-01-01 12:00:01.348+00:00 [warning] <0.222.0> memory", "13 2026-01-01 12:00:01.348+00:00 [warning] <0.222.0> memory []")]
    [InlineData("order fail: none in stock", "0 order fail: none in stock []")]
    [InlineData("[12:00:01 ERR] no stock", "17 [12:00:01 ERR] no stock []")]
    [InlineData("2026-01-01 12:00:01,123 WARN  [main] o.e.App - slow", "13 2026-01-01 12:00:01,123 WARN  [main] o.e.App - slow []")]
    [InlineData("ERROR: relation missing", "17 ERROR: relation missing []")]
    [InlineData("an error in the middle", "0 an error in the middle []")]
    [InlineData("""{"level":"warn","msg":"slow","order":42,"user":{"id":"u1","admin":true},"none":null}""", "13 slow [order=42 user.id=u1 user.admin=true]")]
    [InlineData("""{"level":50,"time":1767268801000,"msg":"pino","hostname":"h"}""", "17 pino [hostname=h] +1s")]
    [InlineData("""{"@t":"2026-01-01T12:00:02Z","@mt":"taken {Id}","@m":"taken 7","@l":"Error","@tr":"4bf92f3577b34da6a3ce929d0e0e4736","@sp":"00f067aa0ba902b7","Id":7}""", "17 taken 7 [Id=7] trace span +2s")]
    [InlineData("""{"@t":"2026-01-01T12:00:02Z","@mt":"taken {Id}","Id":7}""", "0 taken {Id} [Id=7] +2s")]
    [InlineData("""{"Timestamp":"2026-01-01T12:00:00Z","EventId":3,"LogLevel":"Information","Category":"Shop","Message":"taken","State":{"Id":"7","{OriginalFormat}":"taken"}}""", "9 taken [EventId=3 Category=Shop State.Id=7 State.{OriginalFormat}=taken]")]
    [InlineData("""{"severity":"CRITICAL","message":"x","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"bad"}""", "21 x [span_id=bad] trace")]
    [InlineData("""{"time":"1999-01-01T00:00:00Z","msg":"long ago"}""", "0 long ago []")]
    [InlineData("""{"a":1}""", """0 {"a":1} [a=1]""")]
    [InlineData("""{"a":1,}""", """0 {"a":1,} []""")]
    [InlineData("{not json}", "0 {not json} []")]
    [InlineData("""time=2026-01-01T12:00:01Z level=error msg="it \"broke\" twice" id=7 flag trace_id=4bf92f3577b34da6a3ce929d0e0e4736""", "17 it \"broke\" twice [id=7] trace +1s")]
    [InlineData("level=info msg=plain", "9 plain []")]
    [InlineData("level= msg=", "0  []")]
    public void A_line_becomes_a_record(string line, string expected)
    {
        var read = LineReader.Read(At, "orders", "orders-1", line);
        var moved = (read.At - At).TotalSeconds;
        var shown = $"{read.Severity} {read.Message} [{string.Join(' ', read.Attributes.Select(a => $"{a.Key}={a.Value}"))}]"
            + $"{(read.Trace == Trace ? " trace" : "")}{(read.Span is null ? "" : " span")}{(moved == 0 ? "" : $" +{moved}s")}";
        shown.ShouldBe(expected);
        (read.Service, read.Instance).ShouldBe(("orders", "orders-1"));
    }

    [Fact]
    public void No_line_makes_it_throw()
    {
        var random = new Random(9);
        string[] seeds =
        [
            """{"level":"warn","msg":"slow","order":42,"user":{"id":"u1","admin":true},"time":1767268801000}""", """level=error msg="it \"broke\" twice" id=7 ts=1.5""", "[12:00:01 ERR] no stock",
        ];
        for (var round = 0; round < 20_000; round++)
        {
            var text = seeds[round % seeds.Length].ToCharArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--) text[random.Next(text.Length)] = (char)random.Next(1, random.Next(2) == 0 ? 127 : 0xffff);
            LineReader.Read(At, "s", "i", new string(text)[random.Next(5)..]).Message.ShouldNotBeNull();
        }
    }
}
