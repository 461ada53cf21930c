using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Zipkin's collector: <c>POST /api/v2/spans</c> with JSON, gzip or not; 202 where it could be read, else 400, 413, 415, or 503 with <c>Retry-After</c>.</summary>
sealed class ZipkinHttp(TelemetryIntake intake)
{
    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path.Value != "/api/v2/spans" || !HttpMethods.IsPost(request.Method))
        {
            await FailAsync(response, StatusCodes.Status404NotFound, "this port takes POST /api/v2/spans");
            return;
        }

        if (request.ContentType is { } type && !type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            await FailAsync(response, StatusCodes.Status415UnsupportedMediaType, "send version 2 JSON as application/json");
            return;
        }

        using var body = await IntakeBody.ReadAsync(request, intake.Budget, TelemetryIntake.MostBodyBytes, context.RequestAborted);
        if (body.Outcome != BodyOutcome.Whole)
        {
            intake.CountersOf(IntakeFormat.Zipkin).Count(body.Outcome);
            await RefuseAsync(response, body.Outcome);
            return;
        }

        var result = await intake.DecodeAsync(IntakeFormat.Zipkin, body.Bytes, context.RequestAborted);
        response.StatusCode = StatusCodes.Status202Accepted;
        if (!result.IsRead || result is { Taken: 0, Refused: > 0 })
        {
            await FailAsync(response, StatusCodes.Status400BadRequest, result.Message);
        }
    }

    /// <summary>Answers for a body that could not be read, in plain text.</summary>
    public static Task RefuseAsync(HttpResponse response, BodyOutcome outcome)
    {
        if (outcome == BodyOutcome.Busy)
        {
            response.Headers.RetryAfter = $"{OtlpAnswer.RetryAfterSeconds}";
        }

        return outcome switch
        {
            BodyOutcome.TooLarge => FailAsync(response, StatusCodes.Status413PayloadTooLarge, "the body is too large"),
            BodyOutcome.Busy => FailAsync(response, StatusCodes.Status503ServiceUnavailable, "too much is under way: send it again"),
            BodyOutcome.UnknownPacking => FailAsync(response, StatusCodes.Status415UnsupportedMediaType, "the body is packed in a way that is not known here"),
            _ => FailAsync(response, StatusCodes.Status400BadRequest, "the body cannot be unpacked"),
        };
    }

    public static Task FailAsync(HttpResponse response, int status, string message)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(message + "\n");
    }
}
