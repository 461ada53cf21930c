using System.Globalization;
using System.Text.Json;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Browser;

/// <summary>
/// What a page reports of itself, turned into OTLP: spans and log records of the service <c>browser</c>, and web vitals. Whoever can open the page can write such a report,
/// so nothing in it is believed that would make series, names or times of the sender's choice.
/// </summary>
public sealed class BeaconReport
{
    /// <summary>The service that browsers are on the map.</summary>
    public const string Service = "browser";

    const int MostSpans = 50;
    const int MostErrors = 20;
    const int MostAttributes = 8;

    /// <summary>A browser's clock may differ so much before it is set right by the difference.</summary>
    static readonly TimeSpan Trusted = TimeSpan.FromSeconds(10);

    static readonly TimeSpan Oldest = TimeSpan.FromHours(1);
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    static readonly JsonDocumentOptions Bounds = new() { MaxDepth = 8 };

    readonly JsonElement root;
    readonly double receivedMs;
    double originMs;
    int taken;
    int refused;

    BeaconReport(JsonElement root, DateTimeOffset received)
    {
        this.root = root;
        receivedMs = received.ToUnixTimeMilliseconds();
    }

    /// <summary>Reads a report.</summary>
    /// <param name="text">JSON as the beacon's script writes it.</param>
    /// <param name="received">When it came.</param>
    /// <param name="spans">Gets an ExportTraceServiceRequest; nothing where there are no spans.</param>
    /// <param name="logs">Gets an ExportLogsServiceRequest; nothing where there are no errors.</param>
    /// <param name="vitals">Gets the web vitals.</param>
    public static DecodeResult Read(string text, DateTimeOffset received, ProtoWriter spans, ProtoWriter logs, WebVitals vitals)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Bounds);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new BeaconReport(document.RootElement, received).Write(spans, logs, vitals)
                : new(0, 0, DecodeFault.WrongType);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            // Half of a surrogate pair is no JSON error until the text is asked for.
            return new(0, 0, DecodeFault.Malformed);
        }
    }

    DecodeResult Write(ProtoWriter spans, ProtoWriter logs, WebVitals vitals)
    {
        if (!Number(root, "origin", out originMs) || !Number(root, "now", out var now))
        {
            return new(0, 0, DecodeFault.Malformed);
        }

        var skew = receivedMs - now;
        originMs += Math.Abs(skew) > Trusted.TotalMilliseconds ? skew : 0;
        Spans(spans);
        Errors(logs);
        foreach (var one in Items("vitals"))
        {
            Count(one.Value.ValueKind == JsonValueKind.Number && one.Value.TryGetDouble(out var value) && vitals.Add(one.Name, value));
        }

        return new(taken, refused, FirstRefusal: refused > 0 ? DecodeFault.Malformed : DecodeFault.None);
    }

    void Spans(ProtoWriter into)
    {
        var list = List("spans", MostSpans);
        if (list.Count == 0)
        {
            return;
        }

        var (all, scope) = Begin(into);
        foreach (var one in list)
        {
            Count(Span(into, one));
        }

        into.Close(scope);
        into.Close(all);
    }

    bool Span(ProtoWriter into, JsonElement one)
    {
        if (!Id(one, "t", 16, out var trace) || !Id(one, "s", 8, out var span) || !Times(one, out var start, out var end) || Text(one, "n", 20) is not { } name || !IsName(name))
        {
            return false;
        }

        // Span {trace_id 1, span_id 2, parent_span_id 4, name 5, kind 6, start 7, end 8, attributes 9, status 15 {code 3}}.
        var at = into.Open(2);
        into.Bytes(1, trace);
        into.Bytes(2, span);
        if (Id(one, "p", 8, out var parent))
        {
            into.Bytes(4, parent);
        }

        into.Text(5, name);
        var isCall = Text(one, "k", 10) == "client";
        into.Number(6, isCall ? 3UL : 1UL);
        into.Fixed(7, start);
        into.Fixed(8, end);
        foreach (var attribute in Items(one, "a").Take(MostAttributes))
        {
            Attribute(into, 9, attribute);
        }

        if (isCall)
        {
            // Where the service behind the gateway sends spans, its half tells better who answered.
            OtlpFields.Attribute(into, 9, "service.peer.name", "gateway");
        }

        if (one.TryGetProperty("e", out var isError) && isError.ValueKind == JsonValueKind.True)
        {
            var status = into.Open(15);
            into.Number(3, 2);
            into.Close(status);
        }

        into.Close(at);
        return true;
    }

    void Errors(ProtoWriter into)
    {
        var list = List("errors", MostErrors);
        if (list.Count == 0)
        {
            return;
        }

        var (all, scope) = Begin(into);
        foreach (var one in list)
        {
            Count(Error(into, one));
        }

        into.Close(scope);
        into.Close(all);
    }

    bool Error(ProtoWriter into, JsonElement one)
    {
        if (!Number(one, "at", out var at) || At(at) is not { } time || Text(one, "m", 1000) is not { Length: > 0 } message)
        {
            return false;
        }

        // LogRecord {time 1, severity_number 2, severity_text 3, body 5, attributes 6, trace_id 9, span_id 10}.
        var record = into.Open(2);
        into.Fixed(1, time);
        into.Number(2, 17);
        into.Text(3, "ERROR");
        OtlpFields.Value(into, 5, message);
        foreach (var (name, from, most) in new[] { ("exception.type", "type", 100), ("exception.stacktrace", "stack", 2000), ("code.location", "where", 300), ("url.path", "path", 300) })
        {
            if (Text(one, from, most) is { Length: > 0 } value)
            {
                OtlpFields.Attribute(into, 6, name, value);
            }
        }

        if (Id(one, "t", 16, out var trace) && Id(one, "s", 8, out var span))
        {
            into.Bytes(9, trace);
            into.Bytes(10, span);
        }

        into.Close(record);
        return true;
    }

    // Both kinds of request have one resource with one scope.
    (int All, int Scope) Begin(ProtoWriter into)
    {
        var all = into.Open(1);
        var resource = into.Open(1);
        OtlpFields.Attribute(into, 1, "service.name", Service);
        if (Text(root, "agent", 300) is { Length: > 0 } agent)
        {
            OtlpFields.Attribute(into, 1, "user_agent.original", agent);
        }

        into.Close(resource);
        return (all, into.Open(2));
    }

    static void Attribute(ProtoWriter into, int field, JsonProperty attribute)
    {
        var name = attribute.Name;
        if (name.Length > 60 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_') || name.StartsWith("service.", StringComparison.Ordinal))
        {
            return;
        }

        if (attribute.Value.ValueKind == JsonValueKind.String)
        {
            OtlpFields.Attribute(into, field, name, Cut(attribute.Value.GetString()!, 300));
        }
        else if (attribute.Value.ValueKind == JsonValueKind.Number && attribute.Value.TryGetInt64(out var number))
        {
            OtlpFields.Attribute(into, field, name, number);
        }
    }

    bool Times(JsonElement one, out ulong start, out ulong end)
    {
        (start, end) = (0, 0);
        if (!Number(one, "b", out var begin) || !Number(one, "d", out var duration) || At(begin) is not { } at)
        {
            return false;
        }

        start = at;
        end = at + (ulong)(Math.Clamp(duration, 0, Longest.TotalMilliseconds) * 1e6);
        return true;
    }

    // Nanoseconds since the epoch; null for what is too long ago or still to come.
    ulong? At(double sinceOrigin)
    {
        var ms = originMs + sinceOrigin;
        return ms >= receivedMs - Oldest.TotalMilliseconds && ms <= receivedMs + 60_000 ? (ulong)(ms * 1000) * 1000 : null;
    }

    // The two that the script makes, or a method: names of spans become names of operations.
    static bool IsName(string name) => name is "page load" or "route change" || (name.Length > 2 && name.All(char.IsAsciiLetterUpper));

    void Count(bool isTaken)
    {
        taken += isTaken ? 1 : 0;
        refused += isTaken ? 0 : 1;
    }

    List<JsonElement> List(string name, int most)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        refused += Math.Max(0, list.GetArrayLength() - most);
        return [.. list.EnumerateArray().Take(most).Where(e => e.ValueKind == JsonValueKind.Object)];
    }

    IEnumerable<JsonProperty> Items(string name) => Items(root, name);

    static IEnumerable<JsonProperty> Items(JsonElement of, string name) =>
        of.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Object ? items.EnumerateObject() : Enumerable.Empty<JsonProperty>();

    static bool Number(JsonElement of, string name, out double value)
    {
        value = 0;
        return of.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetDouble(out value) && Math.Abs(value) < 1e14;
    }

    static string? Text(JsonElement of, string name, int most) =>
        of.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? Cut(text.GetString()!, most) : null;

    static string Cut(string text, int most) => text.Length <= most ? text : text[..most];

    static bool Id(JsonElement of, string name, int bytes, out byte[] id)
    {
        id = [];
        if (Text(of, name, 64) is not { } text || text.Length != bytes * 2 || !text.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        id = Convert.FromHexString(text);
        return id.AsSpan().ContainsAnyExcept((byte)0);
    }
}
