using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Spans;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>What a server's operation is called where its instrumentation knows no route.</summary>
public sealed class SpanNamesTests
{
    readonly Namer namer = new();

    [Theory]
    [InlineData("GET", "GET /api/orders/{id}", "http.request.method=GET", "url.path=/api/orders/1847")]
    [InlineData("GET", "GET /api/reviews/cap", "http.method=GET", "http.target=/api/reviews/cap?stars=5")]
    [InlineData("HTTP POST", "POST /pay/{id}/retry", "http.method=POST", "http.url=http://bank.example:8080/pay/0b9f3c52-77aa-4c1e-9d5e-2f1b6a7c8d90/retry#x")]
    [InlineData("Microsoft.AspNetCore.Hosting.HttpRequestIn", "PUT /carts/{cart}", "http.request.method=PUT", "url.path=/carts/17", "http.route=carts/{cart}")]
    [InlineData("GET", "GET /", "http.request.method=GET", "url.path=/")]
    [InlineData("GET", "GET /files/{id}", "http.request.method=GET", "url.path=/files/01H8XGJWBWBAQ4TVV0XKQZP4N3")]
    [InlineData("GET", "GET /v1/a2/feed", "http.request.method=GET", "url.path=//v1/a2/feed/")]
    [InlineData("GET", "GET /a/b/c/d/e/f/g/h/…", "http.request.method=GET", "url.path=/a/b/c/d/e/f/g/h/i/j")]
    [InlineData("GET", "GET", "http.request.method=GET")]
    [InlineData("GET /orders", "GET /orders", "http.request.method=GET", "url.path=/orders/7")]
    [InlineData("Checkout", "Checkout", "http.request.method=GET", "url.path=/orders/7")]
    public void ItIsItsMethodAndItsRouteOrPath(string name, string expected, params string[] attributes) => namer.Of("web", name, attributes).ShouldBe(expected);

    [Fact]
    public void APathThatGoesOnInManyWaysIsOneName()
    {
        var names = Enumerable.Range(0, 500).Select(i => namer.Of("web", "GET", "http.request.method=GET", $"url.path=/shop/{Word(i)}/{Word(i * 7)}")).Distinct().ToList();
        names.Count.ShouldBeLessThan(60);
        names[^1].ShouldBe("GET /shop/{*}/{*}");
        namer.Of("other", "GET", "http.request.method=GET", "url.path=/shop/zz").ShouldBe("GET /shop/zz", "what one service is asked for says nothing of another's paths");
    }

    [Theory]
    [InlineData("get reviews:cap", "get reviews:?")]
    [InlineData("SET  ratings [? other arguments]", "SET ratings ?")]
    [InlineData("hmset user:17:cart a 1 b 2", "hmset user:? ?")]
    [InlineData("ping", "ping")]
    public void ACommandToACacheIsItsKeysBeginning(string command, string expected)
    {
        var into = new byte[64];
        Encoding.UTF8.GetString(into, 0, Statements.PlainCommand(Encoding.UTF8.GetBytes(command), into)).ShouldBe(expected);
        Statements.PlainCommand(Encoding.UTF8.GetBytes(command), into.AsSpan(0, 5)).ShouldBeLessThanOrEqualTo(5);
    }

    static string Word(int i) => $"{(char)('a' + (i % 26))}{(char)('a' + (i / 26 % 26))}{(char)('a' + (i / 676 % 26))}x";

    sealed class Namer : ISpanSink
    {
        readonly SpanNames names = new();
        string service = "";
        string last = "";

        public string Of(string of, string name, params string[] attributes)
        {
            var list = attributes.Select(a => a.Split('=', 2)).Select(a => $$$"""{"key":"{{{a[0]}}}","value":{"stringValue":"{{{a[1]}}}"}}""");
            var json = $$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"{{{name}}}","kind":2,"attributes":[{{{string.Join(',', list)}}}]}]}]}]}""";
            service = of;
            OtlpTraces.ReadJson(Encoding.UTF8.GetBytes(json), new DecodeScratch(), this).Taken.ShouldBe(1);
            return last;
        }

        public void Begin(in ResourceView resource, in ScopeView scope)
        {
        }

        public void Span(in SpanView span) => last = Encoding.UTF8.GetString((names.Of(Encoding.UTF8.GetBytes(service), span) is { IsEmpty: false } better ? span.Named(better) : span).Name);
    }
}
