using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Compiles the limits of a target: first the levels of its service, then its own limits, then those that all ways to its service share.</summary>
internal static class LimitGates
{
    /// <param name="place">The target's place.</param>
    /// <param name="between">What stands between its own limits and the shared ones: it is answered there, or goes on from there later.</param>
    public static IEnumerable<Gate> Compile(TargetPlace place, IEnumerable<Gate>? between = null)
    {
        var shared = place.Cluster.Traffic;
        LevelAdmission? levels = null;
        if (shared.Levels is null && Interventions.Of(place.Model, place.About, place.Cluster.Service).Any(one => one.Admit is not null))
        {
            yield return new LevelGate(null, place);
        }
        if (shared.Levels is { } spec)
        {
            levels = place.Policies.Of($"{place.AboutService}/levels", spec, () => new LevelAdmission(place.Cluster.Service, spec, place.Policies.Gateway?.Notices));
            yield return new LevelGate(levels, place);
        }
        foreach (var (index, limit) in (place.Terms.Limits ?? []).Index())
        {
            yield return Of($"limit-{index + 1}", $"limit-{index + 1}", place.About, limit, place, null);
        }
        foreach (var gate in between ?? []) yield return gate;
        foreach (var (index, limit) in (shared.Limits ?? []).Index())
        {
            yield return Of($"service-limit-{index + 1}", $"limit-{index + 1}", place.AboutService, limit, place, levels);
        }
    }

    private static Gate Of(string gate, string name, string about, LimitSpec limit, TargetPlace place, LevelAdmission? levels)
    {
        var board = place.Policies.Gateway?.Notices;
        Func<long>? micros = place.Policies.Gateway is { } gateway ? () => gateway.Clock.Micros : null;
        var at = $"{about}/{name}";
        switch (limit.Algorithm)
        {
            case LimitAlgorithm.FixedWindow or LimitAlgorithm.SlidingWindow or LimitAlgorithm.TokenBucket:
                return Rate(gate, name, about, limit, place);
            case LimitAlgorithm.LeakyQueue:
                var leaky = place.Policies.Of(at, limit, () => new LeakyWatch(about, name, limit, board, micros));
                if (levels is not null) levels.Room = leaky.Queue;
                return new LeakyGate(gate, leaky, place, levels);
            case LimitAlgorithm.Concurrency when limit.Per is not null:
                return new KeyedFlightGate(gate, place.Policies.Of(at, limit, () => new KeyedFlightWatch(about, name, limit, board)), place);
            default:
                var flight = place.Policies.Of(at, limit, () => new InFlightWatch(about, name, limit, board, micros));
                if (levels is not null) levels.Room = flight.Flight;
                return new InFlightGate(gate, flight, place, levels);
        }
    }

    private static Gate Rate(string gate, string name, string about, LimitSpec limit, TargetPlace place)
    {
        var board = place.Policies.Gateway?.Notices;
        var (rate, at) = (limit.Rate!.Value, $"{about}/{name}");
        var (count, perNs) = (rate.Count, rate.Per.Ticks * 100);
        var most = (int)Math.Min(count, int.MaxValue);
        if (limit.Algorithm == LimitAlgorithm.FixedWindow)
        {
            return new RateGate<FixedWindow, FixedWindow.Cell>(gate, place.Policies.Of(
                at, limit, () => new RateWatch<FixedWindow, FixedWindow.Cell>(about, name, limit, board, new FixedWindow(count, perNs), most)), place);
        }
        if (limit.Algorithm == LimitAlgorithm.SlidingWindow)
        {
            return new RateGate<SlidingWindow, SlidingWindow.Cell>(gate, place.Policies.Of(
                at, limit, () => new RateWatch<SlidingWindow, SlidingWindow.Cell>(about, name, limit, board, new SlidingWindow(count, perNs), most)), place);
        }
        var burst = limit.Burst ?? (int)Math.Min(count, 1_000_000);
        return new RateGate<TokenBucket, TokenBucket.Cell>(gate, place.Policies.Of(
            at, limit, () => new RateWatch<TokenBucket, TokenBucket.Cell>(about, name, limit, board, new TokenBucket(count, perNs, burst), burst)), place);
    }
}
