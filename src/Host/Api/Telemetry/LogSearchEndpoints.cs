using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Observe.Store.Logs;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Log records of instances and of what services send, searched, followed and grouped.</summary>
public sealed class LogSearchEndpoints(LogStore logs, IStore store, KindRegistry kinds, Mirror mirror, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    const int MostLogs = 5000;
    const string Time = "a time such as 2026-01-31T12:00:00Z";

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/logs/search", "Log records for which everything in q holds, newest first; with follow those that come, as events `record`.", SearchAsync)
        {
            Query =
            [
                ("q", "Such as: service:orders level:error \"timed out\" payment* -retry trace:ID key:value; default all."),
                ("from", "Then or later, RFC 3339."),
                ("to", "Then or earlier, RFC 3339."),
                ("limit", $"At most so many; default 100, at most {MostLogs}."),
                ("follow", "true: first those that are there, oldest first, then what comes; text/event-stream."),
            ],
            Answer = typeof(LogAnswer),
        },
        new("GET", "/api/v1/telemetry/logs", "As /api/v1/logs/search, by fields.", FieldsAsync)
        {
            Query =
            [
                ("service", "Of this service alone."),
                ("text", "Part of the message or of an attribute's value, whatever its case."),
                ("severity", "The least severity, 1 to 24: debug from 5, info 9, warn 13, error 17, fatal 21."),
                ("trace", "Of this trace alone."),
                ("limit", $"At most so many; default 100, at most {MostLogs}."),
            ],
            Answer = typeof(LogAnswer),
        },
        new("GET", "/api/v1/logs/patterns", "Similar log lines together, those that are new since a change first, then the most frequent.", PatternsAsync)
        {
            Query =
            [
                ("service", "Of this service alone."),
                ("since", "Patterns first seen then or later are new, RFC 3339; default: when the architecture was changed last."),
                ("limit", "At most so many; default 100, at most 2000."),
            ],
            Answer = typeof(LogPatterns),
        },
    ];

    async Task<Answer?> SearchAsync(Call call)
    {
        var (text, fromText, toText) = (call.Query("q"), call.Query("from"), call.Query("to"));
        var (limit, follow) = (call.Number("limit", 100, 1, MostLogs), call.Flag("follow"));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (!TryTime(fromText, out var from))
        {
            return Bad("from", fromText!, $"'{fromText}' is no time", $"give {Time}");
        }

        if (!TryTime(toText, out var to))
        {
            return Bad("to", toText!, $"'{toText}' is no time", $"give {Time}");
        }

        if (LogSearch.Read(text, out var misfit, from, to, limit) is not { } search)
        {
            return Bad("q", text!, misfit, "write words, \"phrases\" and key:value, each with - in front to exclude it");
        }

        if (follow)
        {
            return await gate.ServeAsync(call, EventStream.Events, stream => FollowAsync(stream, search, call.Stop));
        }

        var found = logs.Find(search);
        return Answer.Json(new LogAnswer(found.Items, found.Complete));
    }

    Task<Answer?> FieldsAsync(Call call)
    {
        var search = LogSearch.Of(call.Query("service"), call.Query("text"), call.Number("severity", 0, 0, 24), call.Query("trace"), call.Number("limit", 100, 1, MostLogs));
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var found = logs.Find(search);
        return Task.FromResult<Answer?>(Answer.Json(new LogAnswer(found.Items, found.Complete)));
    }

    async Task FollowAsync(EventStream stream, LogSearch search, CancellationToken stop)
    {
        await foreach (var one in Heartbeat.With(s => logs.FollowAsync(search, s), limits.Ping, time, stop))
        {
            stream.Event(one is null ? "ping"u8 : "record"u8, one is null ? "{}"u8 : Codec.Encode(one));
            await stream.FlushAsync();
        }
    }

    async Task<Answer?> PatternsAsync(Call call)
    {
        var (service, sinceText) = (call.Query("service"), call.Query("since"));
        var limit = call.Number("limit", 100, 1, 2000);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (!TryTime(sinceText, out var since))
        {
            return Bad("since", sinceText!, $"'{sinceText}' is no time", $"give {Time}");
        }

        since ??= await ChangedAsync(call.Stop);
        var all = logs.Patterns(service, int.MaxValue);
        var rows = all.Select(p => new LogPatternRow(p, since is { } from && p.First >= from)).OrderByDescending(r => r.IsNew).Take(limit);
        return Answer.Json(new LogPatterns(since, all.Count, [.. rows]));
    }

    // When the version in force was made; null before the first.
    async Task<DateTimeOffset?> ChangedAsync(CancellationToken stop)
    {
        var number = mirror.Read(seen => seen.Get<Architecture>(Architecture.TheName))?.Version ?? 0;
        return number > 0 && await store.GetAsync(kinds.Of<ArchitectureVersion>().KeyOf(number.ToString(CultureInfo.InvariantCulture)), stop) is { } entry
            ? ((ArchitectureVersion)kinds.Of<ArchitectureVersion>().Decode(entry)).At
            : null;
    }

    static bool TryTime(string? text, out DateTimeOffset? at)
    {
        at = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
        return text is null || at is not null;
    }

    static ProblemAnswer Bad(string name, string value, string what, string remedy) =>
        ProblemAnswer.BadRequest($"'{value}' is not a value of {name}: {what}", remedy, new ProblemPlace(name, what, remedy));
}

/// <summary>Log records, newest first.</summary>
/// <param name="Complete">False where older ones were not looked at, because that would have taken too long: ask again with <c>to</c>.</param>
public sealed record LogAnswer(IReadOnlyList<StoredLog> Items, bool Complete);

/// <summary>Similar lines together.</summary>
/// <param name="Since">What was first seen then or later is new; null where nothing was ever changed.</param>
/// <param name="Total">Patterns known.</param>
public sealed record LogPatterns(DateTimeOffset? Since, int Total, IReadOnlyList<LogPatternRow> Items);

/// <summary>A pattern.</summary>
/// <param name="IsNew">It was not seen before the change.</param>
public sealed record LogPatternRow(LogPattern Pattern, bool IsNew);
