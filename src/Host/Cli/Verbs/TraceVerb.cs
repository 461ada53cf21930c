using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay trace</c>: one trace as a tree, or the newest traces that match.</summary>
static class TraceVerb
{
    public static Command Build(VerbKit kit)
    {
        var id = VerbKit.Optional("ID", "The trace's id. Default: lists the newest traces that match the flags.");
        var service = kit.Flags.Text("--service", "NAME", "Traces with a span of this service.");
        var operation = kit.Flags.Text("--operation", "NAME", "Traces with a span of this name.");
        var slower = kit.Flags.Duration("--min-duration", TimeSpan.Zero, "Traces with a span that took at least so long.");
        var errors = kit.Flags.Switch("--errors", "Traces with a span that failed.");
        var attribute = kit.Flags.Text("--attribute", "KEY=VALUE", "Traces with a span that has this attribute.");
        var limit = kit.Flags.Number("--limit", 20, 1, 500, "At most so many.");
        return kit.Verb("trace", "Show a trace as a tree with self times and its critical path, or find traces.", [id, service, operation, slower, errors, attribute, limit], async (parsed, session, stop) =>
        {
            if (parsed.GetValue(id) is { } wanted)
            {
                var json = await session.Client.GetAsync($"traces/{Uri.EscapeDataString(wanted)}", stop);
                var trace = ApiClient.As<TraceView>(json);
                var (logs, records) = await LogSearches.OfTraceAsync(session, trace.Id, stop);
                json["logs"] = logs.DeepClone();
                session.Screen.Write(json, () =>
                {
                    Write(session.Screen, trace);
                    foreach (var record in records)
                    {
                        LogSearches.Write(session, record);
                    }
                });
                return ExitCode.Ok;
            }

            List<string> query = [$"limit={parsed.GetValue(limit)}"];
            Add(query, "service", parsed.GetValue(service));
            Add(query, "operation", parsed.GetValue(operation));
            Add(query, "minDuration", parsed.GetValue(slower) is { Ticks: > 0 } least ? Durations.Format(least) : null);
            Add(query, "error", parsed.GetValue(errors) ? "true" : null);
            Add(query, "attribute", parsed.GetValue(attribute));
            var found = await session.Client.GetAsync($"traces?{string.Join('&', query)}", stop);
            var list = ApiClient.As<TraceList>(found);
            session.Screen.Write(found, () => Write(session, list));
            return ExitCode.Ok;
        });
    }

    static void Add(List<string> query, string name, string? value)
    {
        if (value is not null)
        {
            query.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }

    static void Write(Screen screen, TraceView trace)
    {
        screen.Line(TextWidth.Harmless($"{trace.Id}  {trace.Service} {trace.Name}  {Quantities.Milliseconds(trace.DurationMs)}  {Quantities.Count(trace.Spans.Count, "span")}  {Quantities.Count(trace.Errors, "error")}"));
        if (trace.Missing > 0)
        {
            screen.Line(screen.Paint(Tone.Dim, $"{Quantities.Count(trace.Missing, "parent is", "parents are")} missing"));
        }

        var table = new TextTable("START", "TIME", "SELF", "", "SPAN") { RightAligned = [0, 1, 2] };
        foreach (var span in trace.Spans)
        {
            var name = TextWidth.Harmless($"{new string(' ', Math.Min(span.Depth, 40) * 2)}{span.Service}  {span.Name}{(span.Error ? $"  failed{(span.Message.Length > 0 ? $": {span.Message}" : "")}" : "")}");
            table.Add(
                Quantities.Milliseconds(span.StartMs), Quantities.Milliseconds(span.DurationMs), Quantities.Milliseconds(span.SelfMs), span.Critical ? "*" : "",
                span.Error ? screen.Paint(Tone.Bad, name) : name);
        }

        table.Write(screen);
        screen.Line(screen.Paint(Tone.Dim, "* on the critical path: the trace waited for it"));
    }

    static void Write(Session session, TraceList list)
    {
        var screen = session.Screen;
        if (list.Items.Count == 0)
        {
            screen.Line("no traces: none came, or none match");
            return;
        }

        var table = new TextTable("TRACE", "AT", "TIME", "SPANS", "SERVICES", "ERRORS", "ROOT") { RightAligned = [2, 3, 4, 5] };
        foreach (var trace in list.Items)
        {
            table.Add(
                trace.Id, Quantities.Clock(trace.At, session.Environment.Time), Quantities.Milliseconds(trace.DurationMs), $"{trace.Spans}", $"{trace.Services}", $"{trace.Errors}",
                TextWidth.Harmless($"{trace.Service} {trace.Name}"));
        }

        table.Write(screen);
        if (!list.Complete)
        {
            screen.Line(screen.Paint(Tone.Dim, "older traces were not looked at, because that would have taken too long: narrow the search"));
        }
    }
}
