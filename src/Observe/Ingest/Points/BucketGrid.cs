namespace Mainstay.Observe.Ingest.Points;

/// <summary>
/// The upper bounds that all exponential histograms of one metric are written with: powers of the square root of two, from the least to the greatest that any of them
/// has needed. One grid for all lets their series be added up bound by bound.
/// </summary>
sealed class BucketGrid
{
    /// <summary>The most bounds; what is below them counts in the least.</summary>
    public const int Most = 80;

    // Halves of a power of two beyond which a double has no values.
    const int Least = -2200;
    const int Greatest = 2046;

    /// <summary>Whether anything was put in it yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>The least bound is 2^(Low/2).</summary>
    public int Low { get; private set; }

    public int High { get; private set; }

    public int Count => IsEmpty ? 0 : High - Low + 1;

    /// <summary>The bound as a number.</summary>
    public static double Bound(int step) => Math.Pow(2, step / 2.0);

    /// <summary>The least bound that is not below a bucket of an exponential histogram with the base 2^(2^-scale).</summary>
    public static int StepOf(int bucket, int scale) => (int)Math.Clamp(
        scale >= 1 ? ((long)bucket >> Math.Min(62, scale - 1)) + 1 : (bucket + 1L) << Math.Min(20, 1 - scale), Least, Greatest);

    /// <summary>Grows to hold a bound.</summary>
    public void Cover(int step)
    {
        (Low, High) = IsEmpty ? (step, step) : (Math.Min(Low, step), Math.Max(High, step));
        Low = Math.Max(Low, High - Most + 1);
        IsEmpty = false;
    }
}
