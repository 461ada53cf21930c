using Mainstay.Observe.Ingest.Alerts;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>What a Prometheus sends: remote write and alerts. Both are on the Admin API, under its rules of access.</summary>
public sealed class PrometheusEndpoints(TelemetryIntake intake)
{
    const long MostBytes = 16 << 20;
    const string Version1 = "prometheus.WriteRequest";
    const string Version2 = "io.prometheus.write.v2.Request";
    const string Written = "X-Prometheus-Remote-Write-";

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/write", "Prometheus remote write 1.0 or 2.0: a WriteRequest or Request as one snappy block.", WriteAsync) { BodyBytes = MostBytes, MediaType = "text/plain" },
        new("POST", "/api/v2/alerts", "Alerts as Prometheus sends them to an Alertmanager.", AlertsAsync) { BodyBytes = MostBytes, MediaType = "text/plain" },
        new("GET", "/api/v2/alerts", "Alerts that were sent here and have not ended.", ActiveAsync),
    ];

    async Task<Answer?> WriteAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (FormatOf(call.Request) is not { } format)
        {
            return new ProblemAnswer(
                StatusCodes.Status415UnsupportedMediaType, "media-type", "the body is not a remote write of snappy and protobuf",
                $"send Content-Encoding: snappy and Content-Type: application/x-protobuf, with proto={Version1} (or none) or proto={Version2}");
        }

        return await TakeAsync(call, format, StatusCodes.Status204NoContent);
    }

    // Remote write 2.0: the message is said by a parameter of the type; without one it is that of 1.0.
    static IntakeFormat? FormatOf(HttpRequest request)
    {
        if (request.Headers.ContentEncoding != "snappy" || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || type.MediaType != "application/x-protobuf")
        {
            return null;
        }

        var message = type.Parameters.FirstOrDefault(p => p.Name.Equals("proto", StringComparison.OrdinalIgnoreCase));
        return message is null ? IntakeFormat.RemoteWrite : message.GetUnescapedValue().ToString() switch
        {
            Version1 => IntakeFormat.RemoteWrite,
            Version2 => IntakeFormat.RemoteWrite2,
            _ => null,
        };
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
        if (format == IntakeFormat.RemoteWrite2)
        {
            // Without them a sender believes that nothing was written; they are told of what is refused in part as well.
            var headers = call.Context.Response.Headers;
            headers[Written + "Samples-Written"] = $"{result.Taken - result.Histograms}";
            headers[Written + "Histograms-Written"] = $"{result.Histograms}";
            headers[Written + "Exemplars-Written"] = $"{result.Exemplars}";
        }

        // Of a write that is wrong in part the rest is kept, and the sender told not to send it again.
        if (!result.IsRead || (result.Refused > 0 && format != IntakeFormat.Alerts))
        {
            return ProblemAnswer.BadRequest(result.Message, "send it as the format has it");
        }

        call.Context.Response.StatusCode = success;
        return null;
    }

    Task<Answer?> ActiveAsync(Call call) => Task.FromResult<Answer?>(call.Wrong() is { } wrong ? wrong : Answer.Json(intake.Alerts.Active()));
}
