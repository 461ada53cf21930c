using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Correlate;

/// <summary>How an objective stands.</summary>
/// <param name="Since">When counting began; null before the first request.</param>
/// <param name="Indicators">What is asked of it: availability, latency, or both.</param>
/// <param name="Incidents">How many hurt its route within its window.</param>
/// <param name="MttrSeconds">How long they took on average, from their beginning to their end; null where none is over.</param>
/// <param name="MttfSeconds">How long it was well on average between them; null where there was none.</param>
public sealed record ObjectiveStanding(
    string Name, string Route, TimeSpan Window, DateTimeOffset? Since, IReadOnlyList<IndicatorStanding> Indicators, int Incidents, double? MttrSeconds, double? MttfSeconds);

/// <summary>How one thing that is asked stands, over the objective's window.</summary>
/// <param name="Of"><c>availability</c> or <c>latency</c>.</param>
/// <param name="Target">Which part of the requests is to be good.</param>
/// <param name="Actual">Which part was; null without requests.</param>
/// <param name="Nines">That as a number of nines, 2.5 for 99.68 %; null without requests, at most 9.</param>
/// <param name="BudgetLeft">Which part of what may fail has not failed yet; negative when more has.</param>
/// <param name="Burns">How fast it is spent.</param>
public sealed record IndicatorStanding(string Of, double Target, double Requests, double Bad, double? Actual, double? Nines, double BudgetLeft, IReadOnlyList<Burn> Burns);

/// <summary>How fast a budget is spent over two windows: 1 would spend all of it just by the end of the objective's window.</summary>
/// <param name="Factor">From which on it is trouble, where both windows are above it.</param>
/// <param name="Firing">Whether it is: with at least half of the long window known and three bad requests in it.</param>
public sealed record Burn(TimeSpan Long, TimeSpan Short, double Factor, double LongBurn, double ShortBurn, bool Firing);

/// <summary>Judges objectives by several windows at once: a long one so that little trouble does not alert, a short one so that it ends when the trouble ends. Pure.</summary>
public static class ObjectiveJudge
{
    /// <summary>The part of the requests that a p99 asks for.</summary>
    public const double FastShare = 0.99;

    const double LeastBad = 3;

    static readonly (TimeSpan Long, TimeSpan Short, double Factor)[] Rules =
    [
        (TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), 14.4),
        (TimeSpan.FromHours(6), TimeSpan.FromMinutes(30), 6),
        (TimeSpan.FromDays(3), TimeSpan.FromHours(6), 1),
    ];

    public static ObjectiveStanding Of(Objective objective, ObjectiveMeter meter, IEnumerable<Incident> incidents, DateTimeOffset now)
    {
        var spec = objective.Spec;
        var indicators = new List<IndicatorStanding>();
        if (spec.Availability is { } availability)
        {
            indicators.Add(Indicator("availability", availability.Fraction, s => s.Errors, spec.Window, meter, now));
        }

        if (spec.P99 is not null)
        {
            indicators.Add(Indicator("latency", FastShare, s => s.Slow, spec.Window, meter, now));
        }

        var from = now - spec.Window > meter.Since ? now - spec.Window : meter.Since ?? now;
        var hurt = incidents.Where(i => i.Symptoms.Any(s => s.Subject == $"route/{spec.Route}" || s.Subject == $"objective/{objective.Name}") && (i.Ended ?? now) >= from).ToList();
        var over = hurt.Where(i => i is { State: IncidentState.Resolved, Ended: not null }).ToList();
        var down = hurt.Sum(i => ((i.Ended ?? now) - (i.Began > from ? i.Began : from)).TotalSeconds);
        return new(
            objective.Name, spec.Route, spec.Window, meter.Since, indicators, hurt.Count, over.Count == 0 ? null : Math.Round(over.Average(i => (i.Ended!.Value - i.Began).TotalSeconds)),
            hurt.Count == 0 ? null : Math.Round(Math.Max(0, (now - from).TotalSeconds - down) / hurt.Count));
    }

    static IndicatorStanding Indicator(string of, double target, Func<ObjectiveSlot, double> bad, TimeSpan window, ObjectiveMeter meter, DateTimeOffset now)
    {
        var sum = meter.Sum(now, window);
        var failed = Math.Min(sum.Requests, bad(sum));
        double? actual = sum.Requests > 0 ? 1 - (failed / sum.Requests) : null;
        var burns = Rules.Select(r =>
        {
            var (wide, narrow) = (meter.Sum(now, r.Long), meter.Sum(now, r.Short));
            var (slow, fast) = (Rate(wide), Rate(narrow));
            return new Burn(r.Long, r.Short, r.Factor, Math.Round(slow, 2), Math.Round(fast, 2), slow > r.Factor && fast > r.Factor && bad(wide) >= LeastBad && now - meter.Since >= r.Long / 2);
        }).ToList();
        return new(
            of, target, Math.Round(sum.Requests), Math.Round(failed, 1), actual is { } a ? Math.Round(a, 6) : null, actual is { } part ? Math.Round(Math.Min(9, -Math.Log10(Math.Max(1e-9, 1 - part))), 2) : null,
            Math.Round(sum.Requests > 0 ? 1 - (failed / (sum.Requests * (1 - target))) : 1, 4), burns);

        double Rate(ObjectiveSlot slot) => slot.Requests > 0 ? bad(slot) / slot.Requests / (1 - target) : 0;
    }
}
