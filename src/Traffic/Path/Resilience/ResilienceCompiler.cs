using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The gates of one target that keep or disturb requests, from its terms and from what is done to it for a while.</summary>
/// <param name="about">As interventions name the target.</param>
/// <param name="cluster">Where it leads.</param>
/// <param name="terms">Its terms.</param>
/// <param name="model">The table.</param>
/// <param name="policies">What outlives a table.</param>
internal sealed class ResilienceCompiler(string about, Cluster cluster, CallSpec terms, TableModel model, PolicyBook policies)
{
    private readonly Intervention[] acts = Interventions.Of(model, about, cluster.Service);

    /// <summary>All of them, in the order of the stations.</summary>
    /// <param name="limits">What stands between the faults and the degradations.</param>
    public Gate[] Gates(IEnumerable<Gate> limits)
    {
        var gates = new List<Gate>();
        AddFaults(gates);
        gates.AddRange(limits);
        AddDegradations(gates);
        AddBreaker(gates);
        return [.. gates];
    }

    private void AddFaults(List<Gate> gates)
    {
        Intervention[] faults = [.. acts.Where(one => one.Fault is not null)];
        if (faults.Length > 0) gates.Add(new FaultGate(faults));
    }

    /// <summary>What is thrown by a name that is not declared here changes nothing.</summary>
    private void AddDegradations(List<Gate> gates)
    {
        if (terms.Degrade is not { } degrade) return;
        var declared = degrade.Names().ToHashSet();
        Intervention[] thrown = [.. acts.Where(one => one.Degrade is { } name && declared.Contains(name))];
        if (thrown.Length == 0) return;
        gates.Add(new DegradeGate(thrown, degrade.Off is { } off ? new FixedAnswer(off.Status, off.ContentType, off.Body) : null));
    }

    private void AddBreaker(List<Gate> gates)
    {
        Intervention[] held = [.. acts.Where(one => one.Breaker is not null)];
        var set = terms.Breaker is { } spec ? policies.Of($"{about}/breaker", spec, () => new BreakerSet(about, spec, policies.Gateway)) : null;
        if (set is not null) set.Cluster = cluster;
        if (set is not null || held.Length > 0) gates.Add(new BreakerGate(set, held));
    }
}
