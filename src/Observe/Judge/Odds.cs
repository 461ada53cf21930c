using System.Globalization;

namespace Mainstay.Observe.Judge;

/// <summary>Odds in words.</summary>
static class Odds
{
    /// <summary>Of their natural logarithm.</summary>
    public static string Of(double log) => log > Math.Log(1e6) ? "beyond 1000000:1" : string.Create(CultureInfo.InvariantCulture, $"{Math.Exp(log):0}:1");
}
