using Mainstay.Core.Graph;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.State;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of flows beside what each says by itself: the services and flows that they name, and that no flow is a part of itself.</summary>
static class FlowRules
{
    /// <summary>The highest number of steps of a flow with those of the flows that are parts of it.</summary>
    const int MostInAll = 1000;

    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var flows = spec.Flows ?? new Dictionary<string, FlowSpec>();
        if (flows.Count > ArchitectureSpec.MostFlows)
        {
            return [new("flows", $"{flows.Count} flows are more than {ArchitectureSpec.MostFlows}", "split the architecture")];
        }

        // Endless flows are told alone: what they come to in all cannot be counted.
        var graph = new DependencyGraph(flows.Select(f => (f.Key, Parts(f.Value).Select(p => p.Name).Distinct(StringComparer.Ordinal))));
        var circles = graph.Cycles().Where(c => c.Count > 0).Select(c => Circle(c, flows)).Concat(flows.Where(f => Parts(f.Value).Any(p => p.Name == f.Key)).Select(f => Circle([f.Key, f.Key], flows)))
            .DistinctBy(p => p.Path).ToList();
        return flows.SelectMany(f => Each(f.Key, f.Value, spec, flows).Concat(f.Value.Validate()).Select(p => p.Under($"flows.{f.Key}"))).Concat(circles)
            .Concat(circles.Count > 0 ? [] : TooLarge(flows));
    }

    static IEnumerable<Problem> Each(string name, FlowSpec flow, ArchitectureSpec spec, IReadOnlyDictionary<string, FlowSpec> flows)
    {
        // A dot separates the names in what is made of them.
        if (!Names.IsValid(name) || name.Contains('.') || name.Length > FlowSpec.LongestName)
        {
            yield return new("", $"'{name}' is not the name of a flow", $"use 1 to {FlowSpec.LongestName} lower-case letters, digits or '-', beginning and ending with a letter or digit");
        }

        foreach (var (path, step) in flow.All())
        {
            foreach (var (at, call) in step.Calls())
            {
                if (!spec.Services.ContainsKey(call.To))
                {
                    yield return new($"{path}.{at}.to", $"there is no service '{Words.Shown(call.To)}'", NeedRules.Suggest(call.To, spec.Services.Keys));
                }
            }

            if (step.Flow is { } part && !flows.ContainsKey(part.Name))
            {
                yield return new($"{path}.flow.name", $"there is no flow '{Words.Shown(part.Name)}'", Nearest.To(part.Name, flows.Keys) is { } near ? $"did you mean '{near}'?" : "declare it below 'flows'");
            }
        }
    }

    static IEnumerable<FlowPart> Parts(FlowSpec flow) => flow.All().Select(s => s.Step.Flow).OfType<FlowPart>();

    static Problem Circle(IReadOnlyList<string> circle, IReadOnlyDictionary<string, FlowSpec> flows)
    {
        var (path, _) = flows[circle[0]].All().First(s => s.Step.Flow?.Name == circle[1]);
        return new($"flows.{circle[0]}.{path}.flow", $"the flow would never end, for it is a part of itself: {string.Join(" → ", circle)}", "remove one of these steps, or make what is common a flow of its own");
    }

    static IEnumerable<Problem> TooLarge(IReadOnlyDictionary<string, FlowSpec> flows)
    {
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        long SizeOf(string name)
        {
            if (!sizes.TryGetValue(name, out var size) && flows.TryGetValue(name, out var flow))
            {
                size = Math.Min(flow.All().Sum(s => 1 + (s.Step.Flow is { } part ? SizeOf(part.Name) : 0)), MostInAll + 1L);
                sizes[name] = size;
            }

            return size;
        }

        return from name in flows.Keys
               where SizeOf(name) > MostInAll
               select new Problem($"flows.{name}", $"with the flows that are its parts it has more than {MostInAll} steps", "split it into flows that are started by themselves");
    }
}
