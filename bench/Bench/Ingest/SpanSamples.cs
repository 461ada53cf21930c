using Google.Protobuf;
using Mainstay.Oracle;

namespace Mainstay.Bench.Ingest;

/// <summary>Bodies as stock exporters send them: batches of spans with ten attributes each, a server's span and its client's in turn.</summary>
internal static class SpanSamples
{
    /// <summary>Where in a body the trace and span ids lie, so that a sender can make new ones without writing it anew.</summary>
    public static TraceRequest Request(int spans, int seed)
    {
        var random = new Random(seed);
        var scope = new ScopeSpans { Scope = new Scope { Name = "OpenTelemetry.Instrumentation.AspNetCore", Version = "1.9.0" } };
        var trace = Bytes(random, 16);
        var parent = ByteString.Empty;
        for (var i = 0; i < spans; i++)
        {
            if (i % 8 == 0)
            {
                (trace, parent) = (Bytes(random, 16), ByteString.Empty);
            }

            var start = 1_800_000_000_000_000_000UL + ((ulong)random.Next() << 10);
            var span = new Span
            {
                TraceId = trace, SpanId = Bytes(random, 8), ParentSpanId = parent, Name = $"GET /orders/{{id}}/{i % 20}", Kind = i % 2 == 0 ? 2 : 3,
                StartTimeUnixNano = start, EndTimeUnixNano = start + (ulong)random.Next(100_000, 50_000_000), Flags = 257,
            };
            span.Attributes.Add(
            [
                Text("http.request.method", "GET"), Text("http.route", "/orders/{id}"), Text("url.scheme", "http"), Text("url.path", $"/orders/{random.Next(100_000)}"),
                Text("server.address", "127.0.0.1"), Number("server.port", 20_000 + (i % 50)), Number("http.response.status_code", 200), Text("network.protocol.version", "1.1"),
                Text("user_agent.original", "curl/8.5.0"), Text("client.address", "10.0.0.17"),
            ]);
            scope.Spans.Add(span);
            parent = span.SpanId;
        }

        var resource = new Resource
        {
            Attributes = { Text("service.name", $"service-{seed % 20}"), Text("service.instance.id", $"instance-{seed % 40}"), Text("telemetry.sdk.language", "dotnet"), Text("telemetry.sdk.version", "1.9.0") },
        };
        return new TraceRequest { ResourceSpans = { new ResourceSpans { Resource = resource, ScopeSpans = { scope } } } };
    }

    static ByteString Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        bytes[0] |= 1;
        return ByteString.CopyFrom(bytes);
    }

    static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    static KeyValue Number(string key, long value) => new() { Key = key, Value = new AnyValue { IntValue = value } };
}
