using Google.Protobuf;
using Mainstay.Oracle;

namespace Mainstay.Bench.Traces;

/// <summary>
/// Traces as a shop of twelve services, or more of them, with three instances each makes them: a request passes two to five services, each of which calls databases; server, client and database
/// spans with ten attributes each by OpenTelemetry's conventions, of which paths, ports, rows and threads differ from span to span; ids random, times in nanoseconds, a
/// child within its parent. Drawn from a seed.
/// </summary>
internal sealed class TraceSamples(int seed, int services = 12)
{
    const int Instances = 3;

    static readonly string[] Words = ["web", "orders", "carts", "prices", "stock", "users", "reviews", "search", "payments", "mails", "images", "reports"];
    static readonly string[] Agents = ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "curl/8.5.0", "okhttp/4.12.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"];

    readonly Random random = new(seed);
    readonly string[] names = [.. Enumerable.Range(0, services).Select(NameOf)];
    readonly ResourceSpans[] resources = [.. Enumerable.Range(0, services * Instances).Select(Resource)];
    int spans;

    /// <summary>The spans of the last trace of the last request.</summary>
    public int LastSpans { get; private set; }

    /// <summary>A request with about so many spans, of traces that begin within the second after <paramref name="at"/>.</summary>
    public (byte[] Body, int Spans, ByteString Last) Request(ulong at, int wanted)
    {
        foreach (var resource in resources)
        {
            resource.ScopeSpans[0].Spans.Clear();
        }

        spans = 0;
        var last = ByteString.Empty;
        while (spans < wanted)
        {
            var before = spans;
            last = Bytes(16);
            Serve(last, ByteString.Empty, random.Next(Math.Max(1, services / Words.Length)), at + (ulong)random.NextInt64(1_000_000_000), (ulong)random.NextInt64(2_000_000, 80_000_000), 0);
            LastSpans = spans - before;
        }

        var request = new TraceRequest();
        request.ResourceSpans.AddRange(resources.Where(r => r.ScopeSpans[0].Spans.Count > 0));
        return (request.ToByteArray(), spans, last);
    }

    void Serve(ByteString trace, ByteString parent, int service, ulong start, ulong length, int depth)
    {
        var (route, method) = ($"/api/{names[service]}/{{id}}/part{random.Next(4)}", random.Next(4) == 0 ? "POST" : "GET");
        var path = route.Replace("{id}", $"{random.Next(200_000)}", StringComparison.Ordinal);
        var status = random.Next(200) == 0 ? 500 : 200;
        var span = Add(trace, parent, service, $"{method} {route}", 2, start, length, status == 500);
        span.Attributes.Add(
        [
            Text("http.request.method", method), Text("http.route", route), Text("url.path", path), Text("url.scheme", "http"), Text("server.address", $"{names[service]}.shop"),
            Number("server.port", 8080), Number("http.response.status_code", status), Text("network.protocol.version", "1.1"), Text("user_agent.original", depth == 0 ? Agents[random.Next(Agents.Length)] : "dotnet"),
            Text("client.address", $"10.0.{service}.{random.Next(40)}"),
        ]);
        for (var i = random.Next(3); i > 0; i--)
        {
            Ask(trace, span.SpanId, service, start, length);
        }

        for (var i = depth >= 3 ? 0 : random.Next(3); i > 0 && service + 1 < services; i--)
        {
            var callee = random.Next(service + 1, services);
            var (from, took) = Within(start, length);
            var call = Add(trace, span.SpanId, service, method, 3, from, took, false);
            call.Attributes.Add(
            [
                Text("http.request.method", method), Text("url.full", $"http://{names[callee]}.shop:8080/api/{names[callee]}/{random.Next(200_000)}"), Text("server.address", $"{names[callee]}.shop"),
                Number("server.port", 8080), Number("http.response.status_code", 200), Text("network.protocol.version", "1.1"), Text("network.peer.address", $"10.0.{callee}.{random.Next(3)}"),
                Number("network.peer.port", 8080), Text("service.peer.name", names[callee]), Number("thread.id", random.Next(4, 40)),
            ]);
            var (inside, shorter) = Within(from, took);
            Serve(trace, call.SpanId, callee, inside, shorter, depth + 1);
        }
    }

    void Ask(ByteString trace, ByteString parent, int service, ulong start, ulong length)
    {
        var table = $"{names[service]}_{random.Next(3)}";
        var (from, took) = Within(start, length);
        Add(trace, parent, service, $"SELECT {table}", 3, from, took, false).Attributes.Add(
        [
            Text("db.system.name", "postgresql"), Text("db.namespace", names[service]), Text("db.operation.name", "SELECT"), Text("db.collection.name", table),
            Text("db.query.text", $"SELECT id, name, amount FROM {table} WHERE owner = $1 ORDER BY id LIMIT 50"), Text("server.address", "db.shop"), Number("server.port", 5432),
            Text("network.peer.address", "10.0.99.5"), Number("db.response.returned_rows", random.Next(50)), Number("thread.id", random.Next(4, 40)),
        ]);
    }

    Span Add(ByteString trace, ByteString parent, int service, string name, int kind, ulong start, ulong length, bool failed)
    {
        var span = new Span
        {
            TraceId = trace, SpanId = Bytes(8), ParentSpanId = parent, Name = name, Kind = kind, StartTimeUnixNano = start, EndTimeUnixNano = start + length, Flags = 257,
            Status = failed ? new Status { Code = 2, Message = "timeout while waiting for the database" } : null,
        };
        resources[(service * Instances) + random.Next(Instances)].ScopeSpans[0].Spans.Add(span);
        spans++;
        return span;
    }

    (ulong Start, ulong Length) Within(ulong start, ulong length)
    {
        var offset = (ulong)random.NextInt64((long)(length / 2) + 1);
        return (start + offset, (ulong)random.NextInt64(1, (long)(length - offset) + 1));
    }

    static string NameOf(int service) => service < Words.Length ? Words[service] : $"{Words[service % Words.Length]}-{service / Words.Length}";

    static ResourceSpans Resource(int number) => new()
    {
        Resource = new Resource
        {
            Attributes =
            {
                Text("service.name", NameOf(number / Instances)), Text("service.instance.id", $"{NameOf(number / Instances)}-{number % Instances}"), Text("service.version", "1.4.2"),
                Text("host.name", $"host-{number % 5}"), Text("telemetry.sdk.language", "dotnet"), Text("telemetry.sdk.version", "1.9.0"),
            },
        },
        ScopeSpans = { new ScopeSpans { Scope = new Scope { Name = "OpenTelemetry.Instrumentation.AspNetCore", Version = "1.9.0" } } },
    };

    ByteString Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        bytes[0] |= 1;
        return ByteString.CopyFrom(bytes);
    }

    static KeyValue Text(string key, string value) => new() { Key = key, Value = new AnyValue { StringValue = value } };

    static KeyValue Number(string key, long value) => new() { Key = key, Value = new AnyValue { IntValue = value } };
}
