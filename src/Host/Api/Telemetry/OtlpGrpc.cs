using System.Buffers.Binary;
using Mainstay.Observe.Ingest.Model;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>
/// OTLP over gRPC: the three unary Export calls over HTTP/2 without TLS. A message is a flag, a length of four bytes and so many bytes, packed with gzip where the
/// flag says so. The status stands in the trailers: OK; INVALID_ARGUMENT and RESOURCE_EXHAUSTED for what is not worth sending again; UNAVAILABLE with
/// RetryInfo where too much is under way.
/// </summary>
sealed class OtlpGrpc(TelemetryIntake intake)
{
    const string Prefix = "/opentelemetry.proto.collector.";

    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.ContentType = "application/grpc";
        response.Headers["grpc-accept-encoding"] = "identity,gzip";
        if (FormatOf(request.Path.Value) is not { } format || !HttpMethods.IsPost(request.Method))
        {
            Fail(response, OtlpAnswer.Unimplemented, "this port takes the Export calls of OTLP's TraceService, MetricsService and LogsService");
            return;
        }

        if (request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) != true)
        {
            response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        using var body = await IntakeBody.ReadAsync(request, intake.Budget, TelemetryIntake.MostBodyBytes + 5, context.RequestAborted);
        if (body.Outcome != BodyOutcome.Whole)
        {
            Refuse(response, format, body.Outcome);
            return;
        }

        if (MessageOf(body.Bytes, out var isPacked) is not { } message)
        {
            intake.CountersOf(format).Count(BodyOutcome.Malformed);
            Fail(response, OtlpAnswer.InvalidArgument, "the call does not hold exactly one whole message");
            return;
        }

        if (!isPacked)
        {
            await DecodeAsync(context, format, message);
            return;
        }

        if (request.Headers["grpc-encoding"] != "gzip")
        {
            intake.CountersOf(format).Count(BodyOutcome.UnknownPacking);
            Fail(response, OtlpAnswer.Unimplemented, "pack messages with gzip or not at all");
            return;
        }

        using var plain = await IntakeBody.UnzipAsync(message, intake.Budget, TelemetryIntake.MostBodyBytes, context.RequestAborted);
        if (plain.Outcome != BodyOutcome.Whole)
        {
            Refuse(response, format, plain.Outcome);
            return;
        }

        await DecodeAsync(context, format, plain.Bytes);
    }

    async Task DecodeAsync(HttpContext context, IntakeFormat format, ReadOnlyMemory<byte> message)
    {
        var result = await intake.DecodeAsync(format, message, context.RequestAborted);
        if (!result.IsRead)
        {
            Fail(context.Response, OtlpAnswer.InvalidArgument, result.Message);
            return;
        }

        var answer = OtlpAnswer.Success(result);
        var framed = new byte[5 + answer.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), answer.Length);
        answer.CopyTo(framed, 5);
        context.Response.AppendTrailer("grpc-status", "0");
        await context.Response.Body.WriteAsync(framed, context.RequestAborted);
    }

    void Refuse(HttpResponse response, IntakeFormat format, BodyOutcome outcome)
    {
        intake.CountersOf(format).Count(outcome);
        switch (outcome)
        {
            case BodyOutcome.TooLarge:
                Fail(response, OtlpAnswer.ResourceExhausted, $"the message is, unzipped, larger than {TelemetryIntake.MostBodyBytes} bytes");
                break;
            case BodyOutcome.Busy:
                Fail(response, OtlpAnswer.Unavailable, "too much is under way: send it again", retry: true);
                break;
            default:
                Fail(response, OtlpAnswer.InvalidArgument, "the message cannot be unpacked");
                break;
        }
    }

    static ReadOnlyMemory<byte>? MessageOf(ReadOnlyMemory<byte> body, out bool isPacked)
    {
        isPacked = body.Length > 0 && body.Span[0] == 1;
        return body.Length >= 5 && body.Span[0] <= 1 && BinaryPrimitives.ReadUInt32BigEndian(body.Span[1..]) == (uint)(body.Length - 5) ? body[5..] : null;
    }

    // An answer that is nothing but its status: trailers alone, which HTTP/2 sends as headers.
    static void Fail(HttpResponse response, int code, string message, bool retry = false)
    {
        response.Headers["grpc-status"] = $"{code}";
        response.Headers["grpc-message"] = Uri.EscapeDataString(message);
        response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(OtlpAnswer.Status(code, message, retry)).TrimEnd('=');
    }

    static IntakeFormat? FormatOf(string? path) => path?.StartsWith(Prefix, StringComparison.Ordinal) != true ? null : path[Prefix.Length..] switch
    {
        "trace.v1.TraceService/Export" => IntakeFormat.OtlpTraces,
        "metrics.v1.MetricsService/Export" => IntakeFormat.OtlpMetrics,
        "logs.v1.LogsService/Export" => IntakeFormat.OtlpLogs,
        _ => null,
    };
}
