using System.Globalization;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Manifest;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Tests.State.Flows;

/// <summary>A run in memory: what is decided is kept, and calls are listed until they are answered.</summary>
sealed class FlowBench
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Dictionary<string, FlowRow> rows = new(StringComparer.Ordinal);

    public FlowDefinition Definition { get; set; } = null!;

    public FlowRun? Run { get; private set; }

    public DateTimeOffset Now { get; set; } = Epoch;

    public DateTimeOffset? Wake { get; private set; }

    public IReadOnlyDictionary<string, FlowRow> Rows => rows;

    /// <summary>Calls that were not answered, by the path of their row.</summary>
    public Dictionary<string, FlowAct> UnderWay { get; } = new(StringComparer.Ordinal);

    /// <summary>The flows of a manifest's part, or what is wrong with it.</summary>
    public static (IReadOnlyDictionary<string, FlowSpec>? Flows, string Wrong) Read(string yaml, params string[] services)
    {
        var text = $"architecture: test\nservices: {{ {string.Join(", ", services.Select(s => $"{s}: {{ run: x }}"))} }}\nflows:\n{string.Join('\n', yaml.Split('\n').Select(l => "  " + l))}\n";
        var result = ManifestReader.Read([new("flows.yaml", text)], new() { BaseFolder = "/", Folders = new NoFolders() });
        return (result.Value?.Flows, string.Join('\n', result.Problems.Select(p => $"{p.Line - 3}:{p.Column - 2} {p.Path}: {p.What}; {p.Remedy}")));
    }

    public FlowPlan Start(string id, FreeValue? input = null)
    {
        rows.Clear();
        UnderWay.Clear();
        Run = FlowDecide.Start(id, Definition, "digest", input, "test", Now);
        return Next(null);
    }

    public FlowPlan Next(FlowEvent? happened)
    {
        var plan = FlowDecide.Next(new(Run!, Definition, p => rows.GetValueOrDefault(p), () => rows.Values), happened, Now);
        if (plan.Refused is not null)
        {
            return plan;
        }

        Run = plan.Run;
        Wake = plan.Wake;
        foreach (var path in plan.Gone)
        {
            rows.Remove(path);
        }

        foreach (var row in plan.Rows)
        {
            // What is kept has to come back the same.
            rows[row.Path] = Codec.Decode<FlowRow>(Codec.Encode(row));
        }

        foreach (var act in plan.Acts)
        {
            UnderWay[act.Path] = act;
        }

        return plan;
    }

    public FlowPlan Answer(string path, FlowAnswer answer)
    {
        UnderWay.Remove(path, out var act);
        return Next(new FlowAnswered(path, act!.Kind, act.Attempt, answer));
    }

    public string Trace(FlowPlan plan)
    {
        if (plan.Refused is { } refused)
        {
            return $"refused: {refused.What}; {refused.Remedy}";
        }

        var text = new StringBuilder();
        foreach (var path in plan.Gone.Order(StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {path}\n");
        }

        foreach (var row in plan.Rows.OrderBy(r => r.Path, StringComparer.Ordinal))
        {
            text.Append(TraceOf(row)).Append('\n');
        }

        foreach (var act in plan.Acts)
        {
            var key = act.Headers.FirstOrDefault(h => h.Key == "Idempotency-Key").Value;
            text.Append(CultureInfo.InvariantCulture, $"→ {act.Method} {act.To}{act.Target}{(act.Body is { } body ? " " + Encoding.UTF8.GetString(body) : "")}{(key is null ? "" : " key " + key)}");
            foreach (var (name, value) in act.Headers.Where(h => h.Key is not ("Idempotency-Key" or "Mainstay-Callback" or "Mainstay-Run")))
            {
                text.Append(CultureInfo.InvariantCulture, $" {name}={value}");
            }

            text.Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"{plan.Run.State.ToString().ToLowerInvariant()}{(plan.Run.Pivoted ? " pivoted" : "")}{(plan.Run.Why.Length > 0 ? $" ({plan.Run.Why})" : "")}");
        text.Append(plan.Run.Output is { } output ? $" output {output}" : "");
        text.Append(plan.Wake is { } wake ? $" wake +{Durations.Format(Round(wake - Now))}" : "");
        return text.ToString();
    }

    string TraceOf(FlowRow row) =>
        $"{row.Path} {row.Stage.ToString().ToLowerInvariant()}{(row.Kind is FlowActKind.Call or FlowActKind.Steps ? "" : " " + row.Kind.ToString().ToLowerInvariant())}{(row.Attempt > 1 ? $" try {row.Attempt}" : "")}"
        + $"{(row.Unknown ? " unknown" : "")}{(row.Until is { } until ? $" +{Durations.Format(Round(until - Now))}" : "")}{(row.Result is { } result ? $" = {result}" : "")}{(row.Why.Length > 0 ? $": {row.Why}" : "")}";

    static TimeSpan Round(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Round(span.TotalMilliseconds));

    public static FreeValue? Json(string text) => text.Length == 0 ? null : new(JsonSerializer.Deserialize<JsonElement>(text));

    sealed class NoFolders : IFolders
    {
        public bool Exists(string path) => true;
    }
}
