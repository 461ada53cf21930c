using Mainstay.Observe.Ingest.Browser;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Wire;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>What becomes of a page's report, and what is not believed in it.</summary>
public sealed class BeaconReportTests
{
    public const string Sample = """
        {"v":1,"origin":1767322984000,"now":1767322985000,"agent":"Chrome","page":"/","spans":[
        {"n":"page load","k":"internal","s":"00f067aa0ba902b7","t":"4bf92f3577b34da6a3ce929d0e0e4736","b":0,"d":412.5,"a":{"url.path":"/caf\u00e9","http.response.status_code":200}},
        {"n":"GET","k":"client","s":"b7ad6b7169203331","t":"4bf92f3577b34da6a3ce929d0e0e4736","p":"00f067aa0ba902b7","b":2.25,"d":30,"e":true,"a":{}}],
        "errors":[{"at":500,"t":"4bf92f3577b34da6a3ce929d0e0e4736","s":"00f067aa0ba902b7","type":"TypeError","m":"x is no function","stack":"at y","where":"a.js:3","path":"/"}],
        "vitals":{"lcp":812,"cls":0.02},"lost":0}
        """;

    static readonly DateTimeOffset Received = DateTimeOffset.FromUnixTimeMilliseconds(1767322985200);

    [Fact]
    public void A_report_becomes_spans_a_log_record_and_vitals()
    {
        var (result, text) = Read(Sample);
        result.ShouldBe(new DecodeResult(5, 0));
        text.ShouldContain("resource {service.name=Text:browser user_agent.original=Text:Chrome}");
        text.ShouldContain("span 4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7 0000000000000000 Internal 'page load' 1767322984000000000 1767322984412500000 Unset");
        text.ShouldContain("url.path=Text:/café http.response.status_code=Integer:200");
        text.ShouldContain("span 4bf92f3577b34da6a3ce929d0e0e4736 b7ad6b7169203331 00f067aa0ba902b7 Client 'GET' 1767322984002250000 1767322984032250000 Error");
        text.ShouldContain("service.peer.name=Text:gateway");
        text.ShouldContain("log 1767322984500000000 17 'ERROR' Text x is no function 4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7");
        text.ShouldContain("exception.type=Text:TypeError exception.stacktrace=Text:at y code.location=Text:a.js:3 url.path=Text:/");
        text.ShouldContain("point 'browser.web_vital.lcp' 'ms'");
        text.ShouldContain("count 1 sum 812");
        text.ShouldContain("count 1 sum 0.02");
    }

    [Fact]
    public void A_clock_that_is_far_off_is_set_right()
    {
        var (result, text) = Read(Sample.Replace("1767322985000", "1767315785200").Replace("1767322984000", "1767315784200"));
        result.Refused.ShouldBe(0);
        text.ShouldContain(" 1767322984200000000 ", customMessage: "two hours slow: the page began a second before its report came");
    }

    [Theory]
    [InlineData("\"page load\"", "\"my own name\"", 1)]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736\",\"b\":0", "00000000000000000000000000000000\",\"b\":0", 1)]
    [InlineData("\"b\":2.25", "\"b\":-7200000", 1)]
    [InlineData("\"lcp\":812", "\"lcp\":-1", 1)]
    [InlineData("\"lcp\":812", "\"mine\":1", 1)]
    [InlineData("\"at\":500", "\"at\":\"500\"", 1)]
    [InlineData("\"m\":\"x is no function\"", "\"m\":\"\"", 1)]
    public void What_nobody_can_use_is_refused_alone(string was, string now, int refused) => Read(Sample.Replace(was, now)).Result.ShouldBe(new DecodeResult(5 - refused, refused, FirstRefusal: DecodeFault.Malformed));

    [Fact]
    public void A_report_does_not_name_services_and_is_bounded()
    {
        Read(Sample.Replace("\"a\":{}", "\"a\":{\"service.name\":\"orders\",\"service.peer.name\":\"bank\"}")).Text.ShouldNotContain("bank");
        var span = Sample[Sample.IndexOf("{\"n\":\"GET\"", StringComparison.Ordinal)..Sample.IndexOf("],", StringComparison.Ordinal)];
        var (result, _) = Read(Sample.Replace(span, string.Join(',', Enumerable.Repeat(span, 60))));
        (result.Taken, result.Refused).ShouldBe((53, 11));
        foreach (var none in new[] { "", "[]", "null", "{}", "{\"origin\":1e300,\"now\":1}", Sample[..200], "{\"origin\":1,\"now\":\"\\ud800\"}", new string('[', 40) })
        {
            Read(none).Result.IsRead.ShouldBeFalse(none);
        }
    }

    static (DecodeResult Result, string Text) Read(string report)
    {
        var sink = new Written();
        var (spans, logs, points) = (new ProtoWriter(), new ProtoWriter(), new ProtoWriter());
        var vitals = new WebVitals(Received);
        var result = BeaconReport.Read(report, Received, spans, logs, vitals);
        vitals.Write(points, Received);
        var scratch = new DecodeScratch();
        OtlpTraces.Read(spans.Written, scratch, sink).IsRead.ShouldBeTrue();
        OtlpLogs.Read(logs.Written, scratch, sink).IsRead.ShouldBeTrue();
        OtlpMetrics.Read(points.Written, scratch, sink).IsRead.ShouldBeTrue();
        return (result, sink.ToString());
    }
}
