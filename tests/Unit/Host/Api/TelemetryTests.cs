using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text;
using Google.Protobuf;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Join;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Oracle;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Host.Api;

/// <summary>The telemetry ports with the stock OpenTelemetry exporter as their sender, and with what it never sends.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    readonly FakeTime time = new();
    readonly List<string> said = [];
    readonly List<string> faults = [];
    readonly HttpClient client = new();
    TelemetryIntake intake = null!;
    TelemetryServer server = null!;

    public async ValueTask InitializeAsync()
    {
        intake = new(time);
        server = await StartAsync(intake);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        client.Dispose();
        faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(OtlpExportProtocol.HttpProtobuf)]
    [InlineData(OtlpExportProtocol.Grpc)]
    public void The_stock_exporter_s_spans_become_traces_edges_and_top_lists(OtlpExportProtocol protocol)
    {
        var endpoint = protocol == OtlpExportProtocol.Grpc ? new Uri($"http://{server.OtlpGrpc}") : new Uri($"http://{server.OtlpHttp}/v1/traces");
        using var source = new ActivitySource($"test-{protocol}");
        ActivityContext caller;
        ActivityTraceId id;
        using (Provider("web", source.Name, endpoint, protocol))
        {
            using var call = source.StartActivity("GET", ActivityKind.Client)!;
            call.SetTag("server.address", "shop.example");
            (caller, id) = (call.Context, call.TraceId);
        }

        using (Provider("shop", source.Name, endpoint, protocol))
        {
            using var served = source.StartActivity("GET /orders/{id}", ActivityKind.Server, caller)!;
            using var query = source.StartActivity("SELECT orders", ActivityKind.Client)!;
            query.SetTag("db.system.name", "postgresql").SetTag("db.namespace", "orders").SetTag("db.query.text", "SELECT * FROM orders WHERE id = 42");
            query.SetStatus(ActivityStatusCode.Error, "too slow");
        }

        var trace = TraceTree.Build(intake.Traces.Get(new(Convert.ToUInt64(id.ToHexString()[..16], 16), Convert.ToUInt64(id.ToHexString()[16..], 16)))).ShouldNotBeNull();
        trace.Spans.Select(s => (s.Depth, s.Service, s.Name, s.Error)).ShouldBe([(0, "web", "GET", false), (1, "shop", "GET /orders/{id}", false), (2, "shop", "SELECT orders", true)]);
        trace.Spans[2].Message.ShouldBe("too slow");
        trace.Missing.ShouldBe(0);
        intake.Traced.Edges().Keys.ShouldBe([new("web", "shop"), new("shop", "postgresql/orders")], ignoreOrder: true);
        intake.Spans.Kinds()["postgresql/orders"].ShouldBe(PeerKind.Database);
        intake.Spans.Top(TopOf.Operations, TopBy.Heat, 60, 10, null).Select(r => (r.Service, r.Name, r.Calls)).ShouldBe([("shop", "GET /orders/{id}", 1)]);
        intake.Spans.Top(TopOf.Callers, TopBy.Calls, 60, 10, "shop").Single().Name.ShouldBe("web");
        var statement = intake.Spans.Top(TopOf.Statements, TopBy.Slow, 60, 10, null).Single();
        (statement.Name, statement.ErrorRatio, statement.Exemplar).ShouldBe(("SELECT * FROM orders WHERE id = ?", 1, id.ToHexString()));
    }

    [Fact]
    public async Task OTLP_over_HTTP_answers_as_the_specification_says()
    {
        var url = $"http://{server.OtlpHttp}/v1/traces";
        var good = Request(new Span { TraceId = Id(16), SpanId = Id(8), Name = "a" });
        (await SendAsync(url, good, "application/x-protobuf")).ShouldBe((200, "application/x-protobuf", ""));
        (await SendAsync(url, Zip(good), "application/x-protobuf", "gzip")).Status.ShouldBe(200);
        var partial = await SendAsync(url, Request(new Span { TraceId = Id(16), SpanId = Id(8) }, new Span { Name = "none" }), "application/x-protobuf");
        partial.Status.ShouldBe(200);
        partial.Body.ShouldContain("1 refused, the first because: a trace or span id");
        (await SendAsync(url, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}"u8.ToArray(), "application/json; charset=utf-8")).ShouldBe(
            (200, "application/json", "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"1 refused, the first because: a trace or span id is missing or has a wrong length\"}}"));
        (await SendAsync(url, "{}"u8.ToArray(), "application/json")).ShouldBe((200, "application/json", "{}"));
        (await SendAsync(url, good[..^1], "application/x-protobuf")).Status.ShouldBe(400);
        (await SendAsync(url, good, "application/x-protobuf", "gzip")).Status.ShouldBe(400);
        (await SendAsync(url, good, "text/plain")).Status.ShouldBe(415);
        (await SendAsync(url, good, "application/x-protobuf", "br")).Status.ShouldBe(415);
        (await SendAsync($"http://{server.OtlpHttp}/v1/nothing", good, "application/x-protobuf")).Status.ShouldBe(404);
        (await SendAsync(url, Zip(new byte[TelemetryIntake.MostBodyBytes + 1]), "application/x-protobuf", "gzip")).Status.ShouldBe(413);
        // It is given back when the request is over, which is after its answer.
        await Until.HoldsAsync(() => intake.Budget.Used == 0);
        var metrics = new Mainstay.Host.Api.MetricsText();
        intake.Write(metrics);
        metrics.ToString().ShouldContain("mainstay_ingest_items_total{format=\"otlp-traces\",outcome=\"taken\"} 3\n");
        metrics.ToString().ShouldContain("mainstay_ingest_refused_bodies_total{format=\"otlp-traces\",why=\"too-large\"} 1\n");
    }

    [Fact]
    public async Task Under_pressure_senders_are_told_to_come_again()
    {
        var small = new TelemetryIntake(time, budgetBytes: 6000);
        await using var pressed = await StartAsync(small);
        var body = Request([.. Enumerable.Range(0, 400).Select(i => new Span { TraceId = Id(16), SpanId = Id(8), Name = $"span {i}" })]);
        var http = await client.SendAsync(Message($"http://{pressed.OtlpHttp}/v1/traces", body, "application/x-protobuf", null));
        ((int)http.StatusCode, http.Headers.RetryAfter?.ToString()).ShouldBe((429, "1"));
        var zipkin = await client.SendAsync(Message($"http://{pressed.Zipkin}/api/v2/spans", body, "application/json", null));
        ((int)zipkin.StatusCode, zipkin.Headers.RetryAfter?.ToString()).ShouldBe((503, "1"));
        var grpc = await GrpcAsync(pressed, body);
        grpc.Status.ShouldBe("14");
        Encoding.UTF8.GetString(Convert.FromBase64String(grpc.Details.PadRight((grpc.Details.Length + 3) / 4 * 4, '='))).ShouldContain("google.rpc.RetryInfo");
        small.Budget.Used.ShouldBe(0);
        small.CountersOf(IntakeFormat.OtlpTraces).Refusals.ShouldContain(("busy", 2L));
    }

    [Fact]
    public async Task OTLP_over_gRPC_answers_with_trailers()
    {
        var good = Request(new Span { TraceId = Id(16), SpanId = Id(8), Name = "a" });
        (await GrpcAsync(server, good)).Status.ShouldBe("0");
        (await GrpcAsync(server, Zip(good), packed: true)).Status.ShouldBe("0");
        (await GrpcAsync(server, good[..^1])).Status.ShouldBe("3");
        (await GrpcAsync(server, good, path: "/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export")).Status.ShouldBe("12");
        (await GrpcAsync(server, [], path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export")).Status.ShouldBe("0");
        intake.Traces.Figures.Spans.ShouldBe(2);
    }

    [Fact]
    public async Task Zipkin_s_spans_join_by_their_shared_ids()
    {
        var url = $"http://{server.Zipkin}/api/v2/spans";
        var body = """
            [{"traceId":"00000000000000aa","id":"0000000000000002","parentId":"0000000000000001","kind":"SERVER","shared":true,"name":"get /","timestamp":1700000000000000,"duration":1000,"localEndpoint":{"serviceName":"back"}},
             {"traceId":"00000000000000aa","id":"0000000000000002","parentId":"0000000000000001","kind":"CLIENT","name":"get","timestamp":1700000000000000,"duration":2000,"localEndpoint":{"serviceName":"front"},"remoteEndpoint":{"serviceName":"back"}}]
            """u8.ToArray();
        (await SendAsync(url, body, "application/json")).Status.ShouldBe(202);
        (await SendAsync(url, "[{]"u8.ToArray(), "application/json")).Status.ShouldBe(400);
        (await SendAsync(url, "[]"u8.ToArray(), "application/json")).Status.ShouldBe(202);
        (await SendAsync(url, """[{"name":"no ids"},{"id":"0","traceId":"1"}]"""u8.ToArray(), "application/json")).Status.ShouldBe(400, "none of them can be taken");
        intake.Traced.Edges().Keys.ShouldBe([new("front", "back")]);
        TraceTree.Build(intake.Traces.Get(new(0, 0xaa)))!.Spans.Select(s => (s.Depth, s.Service)).ShouldBe([(0, "front"), (1, "back")]);
    }

    [Fact]
    public async Task A_client_without_a_server_s_half_calls_whom_it_names_once_the_window_is_over()
    {
        var call = new Span { TraceId = Id(16), SpanId = Id(8), Name = "GET", Kind = 3, Attributes = { Text("server.address", "api.example"), new KeyValue { Key = "server.port", Value = new AnyValue { IntValue = 443 } } } };
        (await SendAsync($"http://{server.OtlpHttp}/v1/traces", Request(call), "application/x-protobuf")).Status.ShouldBe(200);
        intake.Traced.Edges().ShouldBeEmpty();
        time.Advance(TimeSpan.FromSeconds(SpanJoiner.WindowSeconds));
        intake.Spans.Advance();
        intake.Traced.Edges().Keys.ShouldBe([new("shop", "api.example:443")]);
        intake.Spans.Kinds()["api.example:443"].ShouldBe(PeerKind.External);
    }

    [Fact]
    public async Task A_queue_stands_between_producer_and_consumer()
    {
        KeyValue[] queue = [Text("messaging.system", "rabbitmq"), Text("messaging.destination.name", "orders")];
        var send = new Span { TraceId = Id(16), SpanId = Id(8), Name = "send", Kind = 4, Attributes = { queue } };
        var process = new Span { TraceId = send.TraceId, SpanId = Id(8), ParentSpanId = send.SpanId, Name = "process", Kind = 5, Attributes = { queue } };
        await SendAsync($"http://{server.OtlpHttp}/v1/traces", Request(send), "application/x-protobuf");
        await SendAsync($"http://{server.OtlpHttp}/v1/traces", Request("mailer", process), "application/x-protobuf");
        intake.Traced.Edges().Keys.ShouldBe([new("shop", "rabbitmq/orders"), new("rabbitmq/orders", "mailer")], ignoreOrder: true);
    }

    [Fact]
    public async Task What_is_taken_in_is_sent_on_as_OTLP_once_the_other_side_takes_it()
    {
        var end = new IPEndPoint(IPAddress.Loopback, Traffic.RawUpstream.DeadPort());
        var forwarder = new OtlpForwarder(new() { Endpoint = $"http://{end}" }, "/", TimeProvider.System, null, said.Add);
        using var stop = new CancellationTokenSource();
        var running = forwarder.RunAsync(stop.Token);
        intake.Forward = forwarder.Queue;
        var span = new Span { TraceId = Id(16), SpanId = Id(8), Name = "a" };
        (await SendAsync($"http://{server.OtlpHttp}/v1/traces", Request(span), "application/x-protobuf")).Status.ShouldBe(200);
        (await SendAsync($"http://{server.OtlpHttp}/v1/traces", """{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},"scopeSpans":[{"spans":[{"traceId":"000000000000000000000000000000bb","spanId":"0000000000000001","name":"x"}]}]}]}"""u8.ToArray(), "application/json")).Status.ShouldBe(200);
        (await SendAsync($"http://{server.Zipkin}/api/v2/spans", """[{"traceId":"00000000000000cc","id":"0000000000000002","name":"y","localEndpoint":{"serviceName":"back"}}]"""u8.ToArray(), "application/json")).Status.ShouldBe(202);
        (await SendAsync($"http://{server.OtlpHttp}/v1/logs", """{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"said"}}]}]}]}"""u8.ToArray(), "application/json")).Status.ShouldBe(200);
        await Until.HoldsAsync(() => forwarder.Queue.FiguresOf(TelemetrySignal.Traces).Failures > 0 && forwarder.Queue.FiguresOf(TelemetrySignal.Logs).Failures > 0);

        var other = new TelemetryIntake(time);
        await using var there = await TelemetryServer.StartAsync(new(null, end, null), null, other, said.Add, (w, e) => faults.Add($"{w}: {e}"), CancellationToken.None);
        other.Forward = new(1 << 20, [TelemetrySignal.Traces]);
        await Until.HoldsAsync(() => other.Traces.Figures.Spans == 3 && other.Logs.Figures.Fresh == 1);
        TraceTree.Build(other.Traces.Get(new(0, 0xbb)))!.Spans.Single().Service.ShouldBe("web");
        TraceTree.Build(other.Traces.Get(new(0, 0xcc)))!.Spans.Single().Service.ShouldBe("back");
        other.Forward!.Bytes.ShouldBe(0, "what was sent on is not sent on again: there may be a circle");
        await Until.HoldsAsync(() => forwarder.Queue.Bytes == 0);
        said.ShouldContain(s => s.StartsWith($"traces are not taken by http://{end}", StringComparison.Ordinal));
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(running);
    }

    [Fact]
    public async Task A_port_in_use_is_told_and_keeps_nothing_else_from_working()
    {
        await using var second = await TelemetryServer.StartAsync(
            new(server.OtlpGrpc, new(IPAddress.Loopback, 0), null), null, intake, said.Add, (w, e) => faults.Add($"{w}: {e}"), CancellationToken.None);
        second.OtlpGrpc.ShouldBeNull();
        second.OtlpHttp.ShouldNotBeNull();
        said.ShouldContain(s => s.Contains("choose another with --otlp-grpc", StringComparison.Ordinal));
    }

    [Fact]
    public void Beyond_this_machine_a_token_is_asked_for()
    {
        TelemetryPorts.TryRead("0.0.0.0:4318", out var end).ShouldBeTrue();
        new TelemetryPorts(null, end, null).Validate(null).Single().What.ShouldContain("no token is set");
        new TelemetryPorts(null, end, null).Validate("a-token-of-16-chars").ShouldBeEmpty();
        TelemetryPorts.TryRead("off", out var off).ShouldBeTrue();
        off.ShouldBeNull();
        TelemetryPorts.TryRead("70000", out _).ShouldBeFalse();
        TelemetryPorts.Standard.Variables()["OTEL_EXPORTER_OTLP_ENDPOINT"].ShouldBe("http://127.0.0.1:4318");
        new TelemetryPorts(null, end, null).Variables().ShouldBeEmpty();
    }

    Task<TelemetryServer> StartAsync(TelemetryIntake of) => TelemetryServer.StartAsync(
        new(new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0)), null, of, said.Add, (w, e) => faults.Add($"{w}: {e}"), CancellationToken.None);

    static TracerProvider Provider(string service, string source, Uri endpoint, OtlpExportProtocol protocol) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(r => r.AddService(service)).AddSource(source)
        .AddOtlpExporter(o => (o.Endpoint, o.Protocol, o.ExportProcessorType) = (endpoint, protocol, ExportProcessorType.Simple)).Build();

    async Task<(string Status, string Details)> GrpcAsync(TelemetryServer to, byte[] message, bool packed = false, string path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
    {
        var framed = new byte[5 + message.Length];
        framed[0] = packed ? (byte)1 : (byte)0;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        var request = Message($"http://{to.OtlpGrpc}{path}", framed, "application/grpc", null);
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        request.Headers.Add("grpc-encoding", packed ? "gzip" : "identity");
        using var response = await client.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        string Of(string name) => response.TrailingHeaders.TryGetValues(name, out var t) ? t.Single() : response.Headers.TryGetValues(name, out var h) ? h.Single() : "";
        return (Of("grpc-status"), Of("grpc-status-details-bin"));
    }

    async Task<(int Status, string Type, string Body)> SendAsync(string url, byte[] body, string type, string? packing = null)
    {
        using var response = await client.SendAsync(Message(url, body, type, packing));
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", await response.Content.ReadAsStringAsync());
    }

    static HttpRequestMessage Message(string url, byte[] body, string type, string? packing)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (packing is not null) message.Content.Headers.ContentEncoding.Add(packing);
        return message;
    }

    static byte[] Request(params Span[] spans) => Request("shop", spans);

    static byte[] Request(string service, params Span[] spans) => new TraceRequest
    {
        ResourceSpans = { new ResourceSpans { Resource = new Mainstay.Oracle.Resource { Attributes = { Text("service.name", service) } }, ScopeSpans = { new ScopeSpans { Spans = { spans } } } } },
    }.ToByteArray();

    static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    static byte[] Zip(byte[] plain)
    {
        var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) gzip.Write(plain);
        return zipped.ToArray();
    }

    int ids;

    ByteString Id(int length) => ByteString.CopyFrom([.. Enumerable.Repeat((byte)7, length - 1), (byte)++ids]);
}
