using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The gates of one target that keep or disturb requests, from its terms and from what is done to it for a while.</summary>
/// <param name="place">The target's place.</param>
/// <param name="template">The route's path; null in the mesh.</param>
internal sealed class ResilienceCompiler(TargetPlace place, PathTemplate? template)
{
    private readonly string about = place.About;
    private readonly CallSpec terms = place.Terms;
    private readonly PolicyBook policies = place.Policies;
    private readonly Intervention[] acts = Interventions.Of(place.Model, place.About, place.Cluster.Service);

    /// <summary>All of them, in the order of the stations.</summary>
    /// <param name="limits">What stands between the faults and the degradations.</param>
    /// <param name="caching">What stands between the degradations and the breaker.</param>
    public Gate[] Gates(IEnumerable<Gate> limits, IEnumerable<Gate> caching)
    {
        var gates = new List<Gate>();
        AddFaults(gates);
        gates.AddRange(limits);
        AddDegradations(gates);
        gates.AddRange(caching);
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
        var board = policies.Of($"{about}/degrade", degrade, () => new DegradeBoard(about, degrade));
        var declared = degrade.Names().ToHashSet();
        board.Thrown = [.. Interventions.Degradations(place).Where(one => declared.Contains(one.Degrade!))];
        board.Clock = policies.Gateway?.Clock;
        if (board.Thrown.Length == 0) return;
        gates.Add(new DegradeGate(
            board,
            degrade.Off is { } off ? new FixedAnswer(off.Status, off.ContentType, off.Body) : null,
            degrade.Minimal is { } path ? CompiledText.Of(path, template, place.Route?.Name ?? "") : null,
            isOptional: terms is NeedSpec { Optional: true }));
    }

    private void AddBreaker(List<Gate> gates)
    {
        Intervention[] held = [.. acts.Where(one => one.Breaker is not null)];
        var instances = InstanceBreakers.Of(place);
        var set = BreakerSet.Of(place);
        if (set is not null || instances is not null || held.Length > 0) gates.Add(new BreakerGate(set, instances, ParkRoom.Of(place), held));
    }
}
