using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Traffic.Decide;

/// <summary>Keeps the mesh links equal to the declared needs, to where queues push, and to whom flows call. Its keys are names of callers: services, queues, and flows with their prefix.</summary>
/// <param name="isFree">Whether a loopback port can be listened on now; asked once before a port is given.</param>
public sealed class LinkReconciler(Func<int, bool> isFree) : IReconciler
{
    /// <summary>The first port of mesh listeners; below the range that Linux uses for outgoing connections.</summary>
    public const int FirstPort = 30000;

    /// <summary>The last port of mesh listeners.</summary>
    public const int LastPort = 32767;

    readonly HashSet<int> taken = [];
    Snapshot? of;
    int cursor = FirstPort;

    public string Name => "link";

    public IReadOnlyList<Type> Watches { get; } = [typeof(Service), typeof(Instance), typeof(MeshLink), typeof(GatewayNode), typeof(Queue), typeof(Flow)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen)
    {
        if (!ReferenceEquals(of, seen))
        {
            of = seen;
            taken.Clear();
        }

        return (after ?? before) switch
        {
            Service service when before is not Service old || after is null || old.Status.Stable?.Hash != service.Status.Stable?.Hash
                || !old.Spec.Needs.Keys.ToHashSet().SetEquals(service.Spec.Needs.Keys) || old.Spec.Release?.TellsCallers != service.Spec.Release?.TellsCallers || IsBridged(old) != IsBridged(service) => [service.Name],
            Queue queue => [queue.Name],
            // What a flow calls is what its parts call too.
            Flow flow => [Flow.CallerOf(flow.Name), .. seen.All<Flow>().Where(f => f.Spec.All().Any(s => s.Step.Flow is not null)).Select(f => Flow.CallerOf(f.Name)).Where(c => c != Flow.CallerOf(flow.Name))],
            Instance instance when after is null && HasFormerLinks(instance.Service, seen) => [instance.Service],
            MeshLink link => Take((MeshLink?)before, (MeshLink?)after, link.Caller),
            GatewayNode node => [.. node.FailedListeners.Select(f => seen.Get<MeshLink>(MeshLink.LinkOf(f.Name))?.Caller).OfType<string>().Distinct()],
            _ => [],
        };
    }

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now)
    {
        var links = seen.Group<MeshLink>(key);
        var caller = seen.Get<Service>(key);
        var pushesTo = caller is null ? seen.Get<Queue>(key)?.Spec.Push?.To : null;
        var flow = Flow.NameOf(key) is { } name ? seen.Get<Flow>(name) : null;
        if (caller is null && pushesTo is null && flow is null && links.Count == 0)
        {
            return null;
        }

        var failed = seen.All<GatewayNode>().SelectMany(n => n.FailedListeners)
            .Select(f => (Link: seen.Get<MeshLink>(MeshLink.LinkOf(f.Name)), f.Port)).Where(f => f.Link is { } link && (f.Port == link.Port || f.Port == ContainerBridge.PortOf(link.Port, isOther: true)))
            .Select(f => f.Link!.Name).ToHashSet(StringComparer.Ordinal);
        return LinkDecide.Next(new LinkView(key, flow is null ? Needs(caller, pushesTo) : Callees(flow, seen), links, InUse(caller, links, seen), failed, NextPort)
        {
            TellsVersions = caller?.Spec.Release?.TellsCallers == true, IsBridged = caller is not null && IsBridged(caller),
        });
    }

    static bool IsBridged(Service caller) => caller.Spec.Container?.Network == ContainerNetwork.Bridge;

    static IReadOnlyCollection<string> Needs(Service? caller, string? pushesTo) => caller is not null ? [.. caller.Spec.Needs.Keys] : pushesTo is not null ? [pushesTo] : [];

    static HashSet<string> InUse(Service? caller, IReadOnlyList<MeshLink> links, Snapshot seen)
    {
        var templates = seen.Group<Instance>(links.Count > 0 ? links[0].Caller : "").Select(i => i.Template);
        templates = caller?.Status.Stable is { } stable ? templates.Append(stable) : templates;
        return links.Select(l => l.Callee).Where(callee => templates.Any(t => t.Env.ContainsKey(MeshLink.VariableOf(callee)))).ToHashSet(StringComparer.Ordinal);
    }

    static HashSet<string> Callees(Flow flow, Snapshot seen)
    {
        var (callees, known) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var open = new Queue<Flow>([flow]);
        while (open.TryDequeue(out var next))
        {
            if (!known.Add(next.Name))
            {
                continue;
            }

            callees.UnionWith(next.Spec.Callees());
            foreach (var part in next.Spec.All().Select(s => s.Step.Flow?.Name).OfType<string>())
            {
                if (seen.Get<Flow>(part) is { } inner)
                {
                    open.Enqueue(inner);
                }
            }
        }

        return callees;
    }

    static bool HasFormerLinks(string caller, Snapshot seen) =>
        seen.Get<Service>(caller) is not { } service || seen.Group<MeshLink>(caller).Any(l => !service.Spec.Needs.ContainsKey(l.Callee));

    string[] Take(MeshLink? before, MeshLink? after, string caller)
    {
        if (before is not null)
        {
            taken.Remove(before.Port);
        }

        if (after is not null)
        {
            taken.Add(after.Port);
        }

        return [caller];
    }

    // Goes round the range, so that a port just given up is not given to another pair at once.
    int? NextPort()
    {
        for (var tries = FirstPort; tries <= LastPort; tries++)
        {
            var port = cursor;
            cursor = cursor == LastPort ? FirstPort : cursor + 1;
            if (!taken.Contains(port) && isFree(port))
            {
                taken.Add(port);
                return port;
            }
        }

        return null;
    }
}
