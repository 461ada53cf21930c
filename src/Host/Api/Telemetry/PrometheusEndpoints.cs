using Mainstay.Observe.Ingest.Alerts;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>What a Prometheus sends: remote write and alerts. Both are on the Admin API, under its rules of access.</summary>
public sealed class PrometheusEndpoints(TelemetryIntake intake)
{
    const long MostBytes = 16 << 20;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/write", "Prometheus remote write 1.0: a WriteRequest as one snappy block.", WriteAsync) { BodyBytes = MostBytes, MediaType = "text/plain" },
        new("POST", "/api/v2/alerts", "Alerts as Prometheus sends them to an Alertmanager.", AlertsAsync) { BodyBytes = MostBytes, MediaType = "text/plain" },
        new("GET", "/api/v2/alerts", "Alerts that were sent here and have not ended.", ActiveAsync),
    ];

    async Task<Answer?> WriteAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var type = call.Request.ContentType ?? "";
        if (!type.StartsWith("application/x-protobuf", StringComparison.Ordinal) || type.Contains("write.v2", StringComparison.Ordinal) || call.Request.Headers.ContentEncoding != "snappy")
        {
            return new ProblemAnswer(
                StatusCodes.Status415UnsupportedMediaType, "media-type", "the body is not a remote write 1.0 of snappy and protobuf",
                "send Content-Type: application/x-protobuf and Content-Encoding: snappy; in Prometheus leave protobuf_message at prometheus.WriteRequest");
        }

        return await TakeAsync(call, IntakeFormat.RemoteWrite, StatusCodes.Status204NoContent);
    }

    async Task<Answer?> AlertsAsync(Call call) => call.Wrong() is { } wrong ? wrong : await TakeAsync(call, IntakeFormat.Alerts, StatusCodes.Status200OK);

    async Task<Answer?> TakeAsync(Call call, IntakeFormat format, int success)
    {
        using var body = await IntakeBody.ReadAsync(call.Request, intake.Budget, (int)MostBytes, call.Stop);
        if (body.Outcome != BodyOutcome.Whole)
        {
            intake.CountersOf(format).Count(body.Outcome);
            await ZipkinHttp.RefuseAsync(call.Context.Response, body.Outcome);
            return null;
        }

        var result = await intake.DecodeAsync(format, body.Bytes, call.Stop);
        if (!result.IsRead)
        {
            return ProblemAnswer.BadRequest(result.Message, "send it as the format has it");
        }

        call.Context.Response.StatusCode = success;
        return null;
    }

    Task<Answer?> ActiveAsync(Call call) => Task.FromResult<Answer?>(call.Wrong() is { } wrong ? wrong : Answer.Json(intake.Alerts.Active()));
}
