using System.Net;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Where telemetry is taken in; null is nowhere.</summary>
/// <param name="OtlpGrpc">OTLP over gRPC; by default 127.0.0.1:4317.</param>
/// <param name="OtlpHttp">OTLP over HTTP; by default 127.0.0.1:4318.</param>
/// <param name="Zipkin">Zipkin; by default 127.0.0.1:9411.</param>
public sealed record TelemetryPorts(IPEndPoint? OtlpGrpc, IPEndPoint? OtlpHttp, IPEndPoint? Zipkin)
{
    public static TelemetryPorts Standard { get; } = new(new(IPAddress.Loopback, 4317), new(IPAddress.Loopback, 4318), new(IPAddress.Loopback, 9411));

    public static TelemetryPorts None { get; } = new(null, null, null);

    /// <summary>Reads <c>off</c>, a port of the loopback address, or <c>ADDRESS:PORT</c>; false for anything else.</summary>
    public static bool TryRead(string text, out IPEndPoint? end)
    {
        end = null;
        if (text == "off")
        {
            return true;
        }

        if (ushort.TryParse(text, out var port))
        {
            end = new(IPAddress.Loopback, port);
            return true;
        }

        return text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out end);
    }

    /// <summary>As <see cref="TryRead"/> reads it.</summary>
    public static string Write(IPEndPoint? end) => end is null ? "off" : end.ToString();

    /// <summary>What is wrong: an address that other machines reach, without a token.</summary>
    public IEnumerable<Problem> Validate(string? token)
    {
        foreach (var (flag, end) in new[] { ("otlp-grpc", OtlpGrpc), ("otlp-http", OtlpHttp), ("zipkin", Zipkin) })
        {
            if (end is not null && token is null && !IPAddress.IsLoopback(end.Address))
            {
                yield return new(flag, $"{end} can be reached from other machines, and no token is set", "set --token, or listen on 127.0.0.1");
            }
        }
    }

    /// <summary>What instances of this host are told in their environment; they reach it over the loopback address.</summary>
    public IReadOnlyDictionary<string, string> Variables()
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (UrlOf(OtlpHttp) is { } http)
        {
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = http;
            variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }
        else if (UrlOf(OtlpGrpc) is { } grpc)
        {
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = grpc;
            variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        }

        if (UrlOf(Zipkin) is { } zipkin)
        {
            variables["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] = $"{zipkin}/api/v2/spans";
        }

        return variables;
    }

    // An address other than the loopback one asks for a token, which instances do not have.
    static string? UrlOf(IPEndPoint? end) => end is { Port: > 0 } && IPAddress.IsLoopback(end.Address) ? $"http://{end}" : null;
}
