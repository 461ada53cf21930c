using System.Globalization;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>How long a fuzz test looks for trouble: one round of a fixed seed in <c>./test</c>, or for <c>MAINSTAY_FUZZ_SECONDS</c> with one seed after the other.</summary>
static class FuzzTime
{
    /// <summary>The seeds to run. Where they are many, one is told every ten seconds, so that one that does not end is known nearly.</summary>
    public static IEnumerable<int> Seeds(int first)
    {
        yield return first;
        if (!int.TryParse(Environment.GetEnvironmentVariable("MAINSTAY_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds)) yield break;
        var (start, told) = (TimeProvider.System.GetTimestamp(), 0.0);
        for (var seed = first + 1; TimeProvider.System.GetElapsedTime(start).TotalSeconds is var elapsed && elapsed < seconds; seed++)
        {
            if (elapsed - told >= 10)
            {
                told = elapsed;
                TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed} after {elapsed:F0} s");
            }

            yield return seed;
        }
    }
}
