using System.Globalization;

namespace Mainstay.Host.Rehearse;

/// <summary>Says who is hurt, in words.</summary>
static class HurtWords
{
    /// <summary>What becomes of requests, in whole hundredths; empty where nobody notices.</summary>
    public static string Of(in Harm harm)
    {
        var parts = new[] { Part(harm.Fails, "fail"), Part(harm.Waits, "wait"), Part(harm.Lesser, "get less") }.Where(p => p.Length > 0).ToArray();
        return string.Join(", ", parts);
    }

    /// <summary>A line about a route.</summary>
    /// <param name="route">Its name.</param>
    /// <param name="hurt">As <see cref="Of"/> says.</param>
    /// <param name="rate">Requests per second; 0 where none are measured.</param>
    public static string Line(string route, string hurt, double rate) =>
        hurt.Length == 0 ? $"route {route}: nobody is hurt any more" : $"route {route}: of {(rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.##} requests a second") : "its requests")} {hurt}";

    static string Part(double share, string verb) =>
        share <= 0 ? "" : share < 0.01 ? $"under 1% {verb}" : string.Create(CultureInfo.InvariantCulture, $"{(share > 0.999 ? 100 : Math.Min(99, Math.Round(share * 100))):0}% {verb}");
}
