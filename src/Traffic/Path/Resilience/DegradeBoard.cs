using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The degradations that a target declares, and which of them are thrown: for people to see.</summary>
internal sealed class DegradeBoard(string about, DegradeSpec spec) : IReporting
{
    private long counted;

    /// <summary>For how long beyond its freshness a kept response is given.</summary>
    public long StaleMs { get; } = (long)(spec.ServeStale?.TotalMilliseconds ?? 0);

    /// <summary>The interventions that name one which is declared, the nearest and newest first; some may be over.</summary>
    public Intervention[] Thrown { get; set; } = [];

    /// <summary>By which they end; null where a table is only compiled.</summary>
    public Clock? Clock { get; set; }

    /// <summary>A request was answered in a lesser way.</summary>
    public void Count() => Interlocked.Increment(ref counted);

    public PolicyReport? Report(long nowMs)
    {
        var holding = Thrown.Where(one => Clock is null || one.Holds(Clock)).ToList();
        return new PolicyReport(
            about, "degrade", "degrade", holding.Count > 0 ? "thrown" : "ready",
            string.Join("; ", holding.Select(one => $"{one.Degrade} until {one.Until.UtcDateTime:HH:mm:ss}: {one.Reason}")),
            new Dictionary<string, double> { ["declared"] = spec.Names().Count(), ["thrown"] = holding.Select(one => one.Degrade).Distinct().Count(), ["requests"] = Interlocked.Read(ref counted) });
    }
}
