using Mainstay.Observe.Drivers;
using Mainstay.Observe.Ingest.Model;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>
/// OTLP over HTTP: <c>POST /v1/traces</c>, <c>/v1/metrics</c>, <c>/v1/logs</c>, as protobuf or JSON, gzip or not. Answers in the request's format:
/// 200, with <c>partial_success</c> where some was refused; 400 for what cannot be read, 413 for what is too large, 415 for other formats: none of these is
/// worth sending again; 429 with <c>Retry-After</c> where too much is under way.
/// </summary>
sealed class OtlpHttp(TelemetryIntake intake)
{
    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        (IntakeFormat Proto, IntakeFormat Json, string Rejected)? signal = request.Path.Value switch
        {
            "/v1/traces" => (IntakeFormat.OtlpTraces, IntakeFormat.OtlpTracesJson, "rejectedSpans"),
            "/v1/metrics" => (IntakeFormat.OtlpMetrics, IntakeFormat.OtlpMetricsJson, "rejectedDataPoints"),
            "/v1/logs" => (IntakeFormat.OtlpLogs, IntakeFormat.OtlpLogsJson, "rejectedLogRecords"),
            _ => null,
        };
        var type = (request.ContentType ?? "").Split(';')[0].Trim();
        var isJson = type.Equals("application/json", StringComparison.OrdinalIgnoreCase);
        if (signal is not { } wanted)
        {
            await FailAsync(response, isJson, StatusCodes.Status404NotFound, 5, "this port takes POST /v1/traces, /v1/metrics and /v1/logs");
            return;
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            response.Headers.Allow = "POST";
            await FailAsync(response, isJson, StatusCodes.Status405MethodNotAllowed, OtlpAnswer.Unimplemented, "use POST");
            return;
        }

        if (!isJson && !type.Equals("application/x-protobuf", StringComparison.OrdinalIgnoreCase))
        {
            await FailAsync(response, isJson, StatusCodes.Status415UnsupportedMediaType, OtlpAnswer.InvalidArgument, "send application/x-protobuf or application/json");
            return;
        }

        var format = isJson ? wanted.Json : wanted.Proto;
        using var body = await IntakeBody.ReadAsync(request, intake.Budget, TelemetryIntake.MostBodyBytes, context.RequestAborted);
        if (body.Outcome != BodyOutcome.Whole)
        {
            intake.CountersOf(format).Count(body.Outcome);
            await RefuseAsync(response, isJson, body.Outcome);
            return;
        }

        var result = await intake.DecodeAsync(format, body.Bytes, context.RequestAborted, request.Headers.ContainsKey(OtlpForwarder.Mark));
        await (result.IsRead
            ? AnswerAsync(response, isJson, StatusCodes.Status200OK, isJson ? OtlpAnswer.SuccessJson(result, wanted.Rejected) : OtlpAnswer.Success(result))
            : FailAsync(response, isJson, StatusCodes.Status400BadRequest, OtlpAnswer.InvalidArgument, result.Message));
    }

    static Task RefuseAsync(HttpResponse response, bool isJson, BodyOutcome outcome)
    {
        switch (outcome)
        {
            case BodyOutcome.TooLarge:
                return FailAsync(response, isJson, StatusCodes.Status413PayloadTooLarge, OtlpAnswer.ResourceExhausted, $"the body is, unzipped, larger than {TelemetryIntake.MostBodyBytes} bytes");
            case BodyOutcome.Busy:
                response.Headers.RetryAfter = $"{OtlpAnswer.RetryAfterSeconds}";
                return FailAsync(response, isJson, StatusCodes.Status429TooManyRequests, OtlpAnswer.Unavailable, "too much is under way: send it again");
            case BodyOutcome.UnknownPacking:
                return FailAsync(response, isJson, StatusCodes.Status415UnsupportedMediaType, OtlpAnswer.InvalidArgument, "pack the body with gzip or not at all");
            default:
                return FailAsync(response, isJson, StatusCodes.Status400BadRequest, OtlpAnswer.InvalidArgument, "the body cannot be unpacked");
        }
    }

    static Task FailAsync(HttpResponse response, bool isJson, int status, int code, string message) =>
        AnswerAsync(response, isJson, status, isJson ? OtlpAnswer.StatusJson(code, message) : OtlpAnswer.Status(code, message, retry: false));

    static Task AnswerAsync(HttpResponse response, bool isJson, int status, byte[] body)
    {
        response.StatusCode = status;
        response.ContentType = isJson ? "application/json" : "application/x-protobuf";
        response.ContentLength = body.Length;
        return body.Length == 0 ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }
}
