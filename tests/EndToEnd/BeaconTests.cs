using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>What a real browser reports of a page behind the gateway.</summary>
public sealed class BeaconTests
{
    // Sends a span for each request, as an instrumented service would.
    const string Service = """
        const http = require('http');
        const html = '<!doctype html><link rel="icon" href="data:,"><script src="/-/beacon.js"></script><h1>shop</h1>';
        http.createServer((q, r) => {
          const parent = (q.headers.traceparent || '').split('-');
          const at = Date.now() * 1e6, span = { traceId: parent[1], spanId: ('' + Math.random()).slice(2, 18).padEnd(16, '1'), parentSpanId: parent[2], name: q.method + ' ' + q.url, kind: 2, startTimeUnixNano: '' + at, endTimeUnixNano: '' + (at + 1e6) };
          const body = JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ spans: [span] }] }] });
          if (parent[1]) fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(() => {});
          r.setHeader('content-type', 'text/html');
          r.end(q.url === '/' ? html : '{}');
        }).listen(process.env.PORT, '127.0.0.1');
        """;

    [Fact]
    public async Task A_page_its_requests_routes_errors_and_vitals_are_seen_in_the_trace_of_their_service()
    {
        await using var mainstay = new Installation();
        var script = mainstay.Write("shop.js", Service);
        await mainstay.UpAsync($$"""
            architecture: browsers
            services: { shop: { version: 1.0.0, run: node {{script}} } }
            gateway: { listen: "http://127.0.0.1:{{mainstay.GatewayPort}}", beacon: true, routes: { all: { match: {}, to: shop } } }
            """);
        await using (var browser = await Browser.OpenAsync())
        {
            await browser.Page.GotoAsync(mainstay.Gateway.ToString());
            await browser.Page.EvaluateAsync("fetch('/api/items').then(r => r.text())");
            await browser.Page.EvaluateAsync("new Promise(done => { const x = new XMLHttpRequest(); x.open('PUT', '/api/cart'); x.onloadend = done; x.send('{}'); })");
            await browser.Page.EvaluateAsync("history.pushState(0, '', '/basket'); fetch('/api/basket').then(r => r.text())");
            await browser.Page.EvaluateAsync("setTimeout(() => { throw new RangeError('out of lanterns'); })");
            await browser.Page.EvaluateAsync("new Promise(done => setTimeout(done, 300))");

            // Leaving the page has the rest told at once.
            await browser.Page.GotoAsync("about:blank");
        }

        var traces = await Eventually.GetAsync(
            async () => (await mainstay.GetAsync("traces?service=browser"))["items"]!.AsArray() is { Count: 2 } both ? both : null, TimeSpan.FromSeconds(30));
        var trees = new List<JsonNode>();
        foreach (var trace in traces)
        {
            trees.Add(await Eventually.GetAsync(
                async () => await mainstay.GetAsync($"traces/{trace!["id"]}") is var tree && Shape(tree).Count(s => s.Contains("shop:")) == (Shape(tree)[0].Contains("route change") ? 1 : 3) ? tree : null, TimeSpan.FromSeconds(20)));
        }

        Shape(trees.Single(t => Shape(t)[0] == "0 browser: page load")).ShouldBe(
            ["0 browser: page load", "1 browser: GET", "2 shop: GET /", "1 browser: GET", "2 shop: GET /api/items", "1 browser: PUT", "2 shop: PUT /api/cart"]);
        Shape(trees.Single(t => Shape(t)[0] == "0 browser: route change")).ShouldBe(["0 browser: route change", "1 browser: GET", "2 shop: GET /api/basket"]);
        var errors = (await mainstay.GetAsync("logs/search?q=service:browser"))["items"]!.AsArray();
        ((string)errors.Single()!["message"]!).ShouldContain("out of lanterns");
        var query = (await mainstay.RunAsync("query", "browser_web_vital_ttfb_milliseconds_count", "-o", "json")).ShouldBe(0).Out;
        JsonNode.Parse(query)!["series"]!.AsArray().Count.ShouldBe(1, query);
    }

    static List<string> Shape(JsonNode trace) => [.. trace["spans"]!.AsArray().Select(s => $"{s!["depth"]} {s["service"]}: {s["name"]}")];
}
