namespace Mainstay.Observe.Correlate;

/// <summary>What is usual for a figure.</summary>
/// <param name="Spread">A robust standard deviation: of the median deviation or of the upper tail, whichever is wider.</param>
/// <param name="Steps">How many steps say so.</param>
public readonly record struct Baseline(double Median, double Spread, int Steps)
{
    /// <summary>From values in any order, which it sorts.</summary>
    public static Baseline Of(Span<float> values)
    {
        if (values.Length == 0)
        {
            return default;
        }

        values.Sort();
        var median = values[values.Length / 2];
        var tail = (values[(int)(0.9 * (values.Length - 1))] - median) / 1.2816;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Math.Abs(values[i] - median);
        }

        values.Sort();
        return new(median, Math.Max(1.4826 * values[values.Length / 2], tail), values.Length);
    }
}

/// <summary>A figure now beside what is usual.</summary>
/// <param name="Now">The mean of the last two steps; not a number where it is not known.</param>
/// <param name="Before">The median of the hour.</param>
/// <param name="Spread">The standard deviation that is believed; never 0.</param>
/// <param name="Steps">How many steps the usual value rests on.</param>
public readonly record struct Deviation(Figure Figure, double Now, double Before, double Spread, int Steps)
{
    /// <summary>Whether it has a value now.</summary>
    public bool IsKnown => !double.IsNaN(Now);

    /// <summary>Whether there is enough history to say what is usual.</summary>
    public bool HasBaseline => IsKnown && Steps >= Thresholds.LeastBaseline;

    /// <summary>By how much it is more than usual.</summary>
    public double Added => Now - Before;

    /// <summary>By how many standard deviations it is more than usual; 0 without a baseline.</summary>
    public double Score => HasBaseline ? (Now - Before) / Spread : 0;

    /// <summary>Whether it is clearly more than usual.</summary>
    public bool Rose => Score >= Thresholds.Deviates;

    public static Deviation Unknown(Figure figure) => new(figure, double.NaN, double.NaN, 1, 0);

    /// <summary>Whether it has reached a level that it was not at before. Without history the level alone decides.</summary>
    public bool Reached(double level, double rise = 0) => IsKnown && Now >= level && (!HasBaseline || (Rose && Added >= rise));
}
