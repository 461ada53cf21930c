namespace Mainstay.Observe.Sampling;

/// <summary>Shares a budget among operations so that who wants little gets it whole, and the rest is divided evenly (max-min fairness).</summary>
static class FairShares
{
    /// <summary>The share of each demand that is met, 0 to 1.</summary>
    /// <param name="demands">Spans wanted.</param>
    /// <param name="budget">Spans that may be kept.</param>
    public static Dictionary<int, double> Of(IReadOnlyDictionary<int, long> demands, double budget)
    {
        var shares = new Dictionary<int, double>(demands.Count);
        var left = demands.Count;
        foreach (var (operation, demand) in demands.OrderBy(d => d.Value).ThenBy(d => d.Key))
        {
            var met = Math.Min(demand, Math.Max(0, budget) / left);
            shares[operation] = demand == 0 ? 1 : met / demand;
            budget -= met;
            left--;
        }

        return shares;
    }
}
