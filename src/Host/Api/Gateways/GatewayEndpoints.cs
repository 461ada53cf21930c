using System.Text.Json;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Gateways;

/// <summary>The endpoints that gateways use: their tables as lines of JSON, and their records.</summary>
public sealed class GatewayEndpoints(TableSource tables, RecordIntake records, Mirror mirror, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    /// <summary>Between empty lines on a quiet stream of tables; a gateway gives a stream up after 15 s without a byte.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/internal/v1/table", "The gateways' table, whole, whenever it changes.", TableAsync) { MediaType = EventStream.Lines },
        new("POST", "/internal/v1/records", "What a gateway saw and how it stands.", RecordsAsync) { Body = typeof(RecordBatch), BodyBytes = limits.InternalBytes },
    ];

    async Task<Answer?> TableAsync(Call call)
    {
        var after = call.Number("after", 0, 0, long.MaxValue);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        return await gate.ServeAsync(call, EventStream.Lines, async stream =>
        {
            await foreach (var table in Api.Heartbeat.With(s => tables.ReadAsync(after, s), Beat, time, call.Stop))
            {
                stream.Line(table is null ? [] : table.Json);
                await stream.FlushAsync();
            }
        });
    }

    async Task<Answer?> RecordsAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        RecordBatch batch;
        try
        {
            using var reader = new StreamReader(call.Request.Body);
            batch = RecordBatch.FromJson(await reader.ReadToEndAsync(call.Stop));
        }
        catch (JsonException malformed)
        {
            return Body.Malformed(malformed);
        }

        if (RecordIntake.Complete(batch) is not { } whole)
        {
            return ProblemAnswer.BadRequest("the batch does not say which gateway it is of", "give its members 'gateway' and 'sequence'");
        }

        if (!await mirror.ReachAsync(0, call.Stop))
        {
            return ProblemAnswer.Unavailable("the server is still reading its store", "send it again in a moment");
        }

        return await records.TakeAsync(whole, call.Stop)
            ? Answer.Json(new RecordResult(batch.Sequence))
            : ProblemAnswer.Unavailable("the gateway's node could not be written: it keeps changing", "send it again");
    }
}

/// <summary>The batch that was taken in.</summary>
public sealed record RecordResult(long Sequence);
