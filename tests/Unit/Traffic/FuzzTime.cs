using System.Globalization;

namespace Mainstay.Tests.Traffic;

/// <summary>How long a fuzz test looks for trouble: one round of a fixed seed in <c>./test</c>, or for <c>MAINSTAY_FUZZ_SECONDS</c> with one seed after the other.</summary>
static class FuzzTime
{
    /// <summary>The seeds to run, each printed when it begins, so that one that fails can be run again.</summary>
    public static IEnumerable<int> Seeds(int first)
    {
        yield return first;
        if (!int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds)) yield break;
        var start = TimeProvider.System.GetTimestamp();
        for (var seed = first + 1; TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds; seed++) yield return seed;
    }
}
