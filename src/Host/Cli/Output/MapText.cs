using Mainstay.Core.Graph;
using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Cli.Output;

/// <summary>The dependency map as text: callers above callees, level by level, each with the calls that leave it.</summary>
public static class MapText
{
    public static IEnumerable<(Tone Tone, string Text)> Lines(MapView map)
    {
        if (map.Nodes.Count == 0)
        {
            yield return (Tone.Plain, "nothing to show: 'mainstay apply' declares services");
            yield break;
        }

        // A level lies below all that calls it, so the graph is read from callee to caller.
        var callers = new DependencyGraph(map.Nodes.Select(n => (n.Id, map.Edges.Where(e => e.To == n.Id).Select(e => e.From))));
        var names = map.Nodes.Max(n => n.Id.Length);
        var callees = map.Edges.Select(e => e.To.Length).DefaultIfEmpty().Max();
        foreach (var (level, ids) in callers.Levels().Index())
        {
            yield return (Tone.Dim, $"level {level}");
            foreach (var node in ids.Select(id => map.Nodes.First(n => n.Id == id)))
            {
                yield return (ToneOf(node), Describe(node, names));
                foreach (var edge in map.Edges.Where(e => e.From == node.Id).OrderBy(e => e.To, StringComparer.Ordinal))
                {
                    yield return (edge.ErrorRatio >= 0.01 ? Tone.Bad : Tone.Plain, Describe(edge, callees));
                }
            }
        }

        foreach (var line in Lines(map.Findings))
        {
            yield return line;
        }
    }

    /// <summary>What is wrong with who depends on whom, each with what to do about it.</summary>
    public static IEnumerable<(Tone Tone, string Text)> Lines(IReadOnlyList<FindingView> findings)
    {
        foreach (var finding in findings)
        {
            yield return (Tone.Busy, TextWidth.Harmless($"{CauseText.Words(finding.Kind)}: {finding.Message}"));
            yield return (Tone.Plain, TextWidth.Harmless($"  {finding.Remedy}{(finding.Trace is { } trace ? $"; proof: mainstay trace {trace}" : "")}"));
        }
    }

    static string Describe(MapNode node, int names)
    {
        var ready = node.Ready is { } r && node.Wanted is { } w ? $"{r}/{w}" : "";
        return $"  {node.Id.PadRight(names)}  {node.State,-9}  {ready,-5}  {node.Criticality ?? node.Kind}{(node.Inherited is { } more ? $", as its callers {more}" : "")}".TrimEnd();
    }

    static string Describe(MapEdge edge, int callees) =>
        $"    -> {edge.To.PadRight(callees)}  {Quantities.PerSecond(edge.RequestsPerSecond),9}  errors {Quantities.Percent(edge.ErrorRatio),6}"
        + $"  p50 {Quantities.Milliseconds(edge.P50Ms),7}  p99 {Quantities.Milliseconds(edge.P99Ms),7}";

    static Tone ToneOf(MapNode node) => node.State.ToLowerInvariant() switch
    {
        "run" or "running" or "ready" or "serving" => Tone.Good,
        "failed" or "rollback" or "lost" or "dead" => Tone.Bad,
        _ => Tone.Busy,
    };
}
