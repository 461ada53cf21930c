using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Sampling;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Logs;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>What can be asked of the telemetry that was taken in: traces, top lists, log records, last points, and what became of what came.</summary>
public sealed class TraceEndpoints(TelemetryIntake intake)
{
    const int MostTraces = 500;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/traces/{id}", "A trace as a tree, with self times and the critical path.", TraceAsync) { Answer = typeof(TraceView) },
        new("GET", "/api/v1/traces", "The newest traces that have a span for which everything given holds.", TracesAsync)
        {
            Query =
            [
                ("service", "The span's service."),
                ("operation", "The span's name."),
                ("minDuration", "The least duration of the span, such as 250ms."),
                ("error", "true: the span failed; false: it did not."),
                ("attribute", "KEY=VALUE of the span or its resource."),
                ("from", "The span ended then or later: an RFC 3339 time."),
                ("to", "The span began then or earlier: an RFC 3339 time."),
                ("limit", $"At most so many; default 20, at most {MostTraces}."),
            ],
            Answer = typeof(TraceList),
        },
        new("GET", "/api/v1/top", "What is called most, slowest, or takes the most time altogether, over a window that ends now.", TopAsync)
        {
            Query =
            [
                ("of", "operations, services, callers or statements; default operations."),
                ("by", "calls, slow (the 99th percentile) or heat (the sum of time); default heat."),
                ("window", "From 10s to 1h; default 5m."),
                ("service", "Of this service alone."),
                ("limit", "At most so many; default 10, at most 1000."),
            ],
            Answer = typeof(TopList),
        },
        new("GET", "/api/v1/statements", "Which public APIs run which statements, over a window that ends now: every one that came, joined by its trace.", StatementsAsync)
        {
            Query =
            [
                ("window", "From 10s to 1h; default 5m."),
                ("service", "Statements of this service alone."),
                ("statement", "Statements with this text in them."),
                ("api", "APIs with this text in 'SERVICE OPERATION'."),
                ("limit", "At most so many; default 50, at most 1000."),
            ],
            Answer = typeof(StatementList),
        },
        new("GET", "/api/v1/map/apis", "Which API calls which, with how often, errors and durations, in the newest traces that are kept.", ApisAsync)
        {
            Query = [("service", "Calls from and to APIs of this service alone."), ("limit", $"How many traces are looked at; default 200, at most {MostTraces}.")],
            Answer = typeof(ApiMap),
        },
        new("GET", "/api/v1/telemetry", "What came in, by format, and what became of it.", IntakeAsync) { Answer = typeof(IntakeView) },
    ];

    Task<Answer?> TraceAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var text = call.Path("id");
        return Task.FromResult<Answer?>(
            !TraceId.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var id)
                ? ProblemAnswer.BadRequest($"'{text}' is no trace id", "give 1 to 32 hexadecimal digits")
                : TraceTree.Build(intake.Traces.Get(id)) is { } trace
                    ? Answer.Json(trace)
                    : ProblemAnswer.NotFound($"there is no trace {id}", "it never came, or made room for newer ones; list traces with GET /api/v1/traces"));
    }

    Task<Answer?> TracesAsync(Call call)
    {
        var (service, operation, minimum, error, attribute) = (call.Query("service"), call.Query("operation"), call.Query("minDuration"), call.Query("error"), call.Query("attribute"));
        var limit = call.Number("limit", 20, 1, MostTraces);
        var (fromText, toText) = (call.Query("from"), call.Query("to"));
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var duration = TimeSpan.Zero;
        if (minimum is not null && !Durations.TryParse(minimum, out duration))
        {
            return Bad("minDuration", minimum, "a duration such as 250ms or 2s");
        }

        if (error is not (null or "true" or "false"))
        {
            return Bad("error", error, "true or false");
        }

        var at = attribute?.IndexOf('=', StringComparison.Ordinal) ?? 0;
        if (attribute is not null && at <= 0)
        {
            return Bad("attribute", attribute, "KEY=VALUE");
        }

        if (!Moment(fromText, out var from) || !Moment(toText, out var to))
        {
            return Moment(fromText, out _) ? Bad("to", toText!, "a time such as 2026-01-31T12:00:00Z") : Bad("from", fromText!, "a time such as 2026-01-31T12:00:00Z");
        }

        var found = intake.Traces.Find(new TraceQuery
        {
            Service = service,
            Operation = operation,
            MinDuration = duration,
            IsError = error is null ? null : error == "true",
            Attributes = attribute is null ? [] : [KeyValuePair.Create(attribute[..at], attribute[(at + 1)..])],
            From = from,
            To = to,
            Limit = limit,
        }, out var complete);
        return Task.FromResult<Answer?>(Answer.Json(new TraceList([.. found.Select(t => TraceTree.Summarise(intake.Traces.Get(t))).OfType<TraceSummary>()], complete)));
    }

    Task<Answer?> TopAsync(Call call)
    {
        var (of, by, window, service) = (call.Query("of") ?? "operations", call.Query("by") ?? "heat", call.Query("window") ?? "5m", call.Query("service"));
        var limit = call.Number("limit", 10, 1, 1000);
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        if (!Words.TryRead<TopOf>(of, out var what))
        {
            return Bad("of", of, "one of operations, services, callers and statements");
        }

        if (!Words.TryRead<TopBy>(by, out var order))
        {
            return Bad("by", by, "one of calls, slow and heat");
        }

        return !Durations.TryParse(window, out var span) || span < TimeSpan.FromSeconds(10) || span > TimeSpan.FromHours(1)
            ? Bad("window", window, "a duration from 10s to 1h")
            : Task.FromResult<Answer?>(Answer.Json(new TopList(of, by, window, intake.Spans.Top(what, order, (int)span.TotalSeconds, limit, service))));
    }

    Task<Answer?> StatementsAsync(Call call)
    {
        var (window, service, statement, api) = (call.Query("window") ?? "5m", call.Query("service"), call.Query("statement"), call.Query("api"));
        var limit = call.Number("limit", 50, 1, 1000);
        return call.Wrong() is { } wrong ? Task.FromResult<Answer?>(wrong)
            : !Durations.TryParse(window, out var span) || span < TimeSpan.FromSeconds(10) || span > TimeSpan.FromHours(1) ? Bad("window", window, "a duration from 10s to 1h")
            : Task.FromResult<Answer?>(Answer.Json(new StatementList(window, intake.Spans.Paths((int)span.TotalSeconds, limit, service, statement, api))));
    }

    Task<Answer?> ApisAsync(Call call)
    {
        var (service, limit) = (call.Query("service"), call.Number("limit", 200, 1, MostTraces));
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var traces = intake.Traces.Find(new TraceQuery { Service = service, Limit = limit }).Select(t => TraceTree.Build(intake.Traces.Get(t))).OfType<TraceView>().ToList();
        return Task.FromResult<Answer?>(Answer.Json(ApiMapBuilder.Build(traces, service)));
    }

    Task<Answer?> IntakeAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var (traces, joins) = (intake.Traces.Figures, intake.Spans.Figures());
        return Task.FromResult<Answer?>(Answer.Json(new IntakeView(
            [.. intake.Counters.Select(c => new IntakeFormatView(c.Name, c.Requests, c.Bytes, Map(c.Items), Map(c.Refusals)))],
            intake.Budget.Used, intake.Budget.Most, traces.Spans, traces.Traces, traces.Bytes, traces.Forgotten, joins.Calls, joins.Orphans,
            traces.Disk, intake.Kept?.Sampling, intake.Logs.Figures)));
    }

    static bool Moment(string? text, out DateTimeOffset? at)
    {
        at = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
        return text is null || at is not null;
    }

    static Dictionary<string, long> Map(IEnumerable<(string Outcome, long Count)> counts) => counts.ToDictionary(c => c.Outcome, c => c.Count, StringComparer.Ordinal);

    static Task<Answer?> Bad(string name, string value, string expected) => Task.FromResult<Answer?>(
        ProblemAnswer.BadRequest($"'{value}' is not a value of {name}", $"give {expected}", new ProblemPlace(name, $"'{value}' is not a value of {name}", $"give {expected}")));

    static class Words
    {
        public static bool TryRead<T>(string word, out T value)
            where T : struct, Enum
        {
            value = default;
            return word.Length > 0 && char.IsAsciiLetterLower(word[0]) && Enum.TryParse(word, ignoreCase: true, out value);
        }
    }
}

/// <summary>Traces, newest first.</summary>
/// <param name="Complete">False where older ones were not looked at, because that would have taken too long: ask again with <c>to</c>.</param>
public sealed record TraceList(IReadOnlyList<TraceSummary> Items, bool Complete);

/// <summary>A top list.</summary>
public sealed record TopList(string Of, string By, string Window, IReadOnlyList<TopRow> Items);

/// <summary>Pairs of statement and API, those that take most time first.</summary>
public sealed record StatementList(string Window, IReadOnlyList<StatementPath> Items);

/// <summary>What came in and what is kept of it.</summary>
/// <param name="BudgetUsedBytes">Memory of bodies under way.</param>
/// <param name="ForgottenSpans">Spans that made room for newer ones.</param>
/// <param name="Orphans">Callees' spans whose caller's did not come.</param>
/// <param name="TracesOnDisk">Sealed blocks of chosen traces.</param>
/// <param name="Sampling">What was chosen, by reason; null where nothing is kept on disk.</param>
/// <param name="Logs">What is kept of log records.</param>
public sealed record IntakeView(
    IReadOnlyList<IntakeFormatView> Formats, long BudgetUsedBytes, long BudgetBytes, long KeptSpans, long KeptTraces, long KeptBytes, long ForgottenSpans, long Calls, long Orphans,
    DiskFigures TracesOnDisk, SamplingFigures? Sampling, LogFigures Logs);

/// <summary>What came in of one format.</summary>
/// <param name="Items">By outcome: taken, refused.</param>
/// <param name="RefusedBodies">By reason: malformed, too-large, busy.</param>
public sealed record IntakeFormatView(string Format, long Requests, long Bytes, IReadOnlyDictionary<string, long> Items, IReadOnlyDictionary<string, long> RefusedBodies);
