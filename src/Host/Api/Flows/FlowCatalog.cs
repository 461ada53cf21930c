using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;

namespace Mainstay.Host.Api.Flows;

/// <summary>The flows that are declared now, as runs keep them, and the ways by which they call.</summary>
public sealed class FlowCatalog(Mirror mirror)
{
    readonly Lock gate = new();
    readonly Dictionary<string, (long Revision, FlowDeclared Declared)> known = new(StringComparer.Ordinal);

    /// <summary>The flow with its parts; null where it, or one of them, is not declared.</summary>
    public FlowDeclared? Find(string name)
    {
        var (definition, revision) = mirror.Read(seen =>
        {
            var found = FlowDefinition.Of(name, n => seen.Get<Flow>(n)?.Spec);
            return (found, found?.Flows.Keys.Max(n => seen.Get<Flow>(n)!.Revision) ?? 0);
        });
        if (definition is null)
        {
            return null;
        }

        lock (gate)
        {
            // A part that is no longer one has no say in the revision: then the number of parts differs.
            if (known.TryGetValue(name, out var kept) && kept.Revision == revision && kept.Declared.Definition.Flows.Count == definition.Flows.Count)
            {
                return kept.Declared;
            }

            var declared = FlowDeclared.Of(definition);
            known[name] = (revision, declared);
            return declared;
        }
    }

    /// <summary>As <see cref="Find"/>; one that is not known yet is looked for in what was written up to now.</summary>
    public async ValueTask<FlowDeclared?> FindAsync(string name, long revision, CancellationToken stop)
    {
        if (Find(name) is { } known)
        {
            return known;
        }

        await mirror.ReachAsync(revision, stop);
        return Find(name);
    }

    /// <summary>The names of all flows.</summary>
    public IReadOnlyList<string> Names() => mirror.Read(seen => (IReadOnlyList<string>)[.. seen.All<Flow>().Select(f => f.Name)]);

    /// <summary>The mesh listener of a flow to a service. A run of an earlier declaration may call whom the flow calls no more: then it goes the way of another caller. Null while there is none.</summary>
    public Uri? WayTo(string flow, string callee) =>
        mirror.Read(seen => seen.Get<MeshLink>(MeshLink.NameOf(Flow.CallerOf(flow), callee)) ?? seen.All<MeshLink>().FirstOrDefault(l => l.Callee == callee)) is { } link ? new Uri($"http://127.0.0.1:{link.Port}") : null;
}
