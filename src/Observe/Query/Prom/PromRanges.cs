using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query.Prom;

/// <summary>What functions make of the samples of one range.</summary>
static class PromRanges
{
    /// <summary>What a function needs beside the samples.</summary>
    /// <param name="FromMs">Where the range begins, itself not within it.</param>
    /// <param name="ToMs">Where it ends.</param>
    /// <param name="NowMs">The time of evaluation.</param>
    /// <param name="Parameter">The number of <c>quantile_over_time</c> and <c>predict_linear</c>.</param>
    public readonly record struct Window(long FromMs, long ToMs, long NowMs, double Parameter);

    /// <summary>The value at one step; null where the samples give none.</summary>
    /// <param name="name">The function's.</param>
    /// <param name="points">At least one, all within the window.</param>
    public static double? Of(string name, ReadOnlySpan<MetricPoint> points, in Window window) => name switch
    {
        "rate" => Growth(points, window, true) / ((window.ToMs - window.FromMs) / 1000.0),
        "increase" => Growth(points, window, true),
        "delta" => Growth(points, window, false),
        "irate" => Last(points, true),
        "idelta" => Last(points, false),
        "deriv" => points.Length < 2 ? null : Line(points, points[0].AtMs).Slope,
        "predict_linear" => points.Length < 2 ? null : Predicted(points, window),
        "resets" => Count(points, (before, value) => value < before),
        "changes" => Count(points, (before, value) => value != before && !(double.IsNaN(value) && double.IsNaN(before))),
        "count_over_time" => points.Length,
        "last_over_time" => points[^1].Value,
        "first_over_time" => points[0].Value,
        "present_over_time" or "absent_over_time" => 1,
        _ => OfValues(name, [.. Values(points)], window.Parameter),
    };

    static double OfValues(string name, List<double> values, double parameter) => name switch
    {
        "avg_over_time" => PromMath.Mean(values),
        "min_over_time" => PromMath.Least(values),
        "max_over_time" => PromMath.Greatest(values),
        "sum_over_time" => PromMath.Sum(values),
        "stddev_over_time" => Math.Sqrt(PromMath.Variance(values)),
        "stdvar_over_time" => PromMath.Variance(values),
        _ => PromMath.Quantile(parameter, values),
    };

    static double[] Values(ReadOnlySpan<MetricPoint> points)
    {
        var values = new double[points.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = points[i].Value;
        }

        return values;
    }

    // The growth between first and last sample, extrapolated to the ends of the range: all the way where a sample is as near to the end as samples are to each other,
    // by half that otherwise; a counter not further back than where it would have been zero.
    static double? Growth(ReadOnlySpan<MetricPoint> points, in Window window, bool isCounter)
    {
        if (points.Length < 2)
        {
            return null;
        }

        var grown = points[^1].Value - points[0].Value;
        for (var i = 1; isCounter && i < points.Length; i++)
        {
            grown += points[i].Value < points[i - 1].Value ? points[i - 1].Value : 0;
        }

        var toStart = (points[0].AtMs - window.FromMs) / 1000.0;
        var toEnd = (window.ToMs - points[^1].AtMs) / 1000.0;
        var sampled = (points[^1].AtMs - points[0].AtMs) / 1000.0;
        var between = sampled / (points.Length - 1);
        var threshold = between * 1.1;
        toStart = toStart >= threshold ? between / 2 : toStart;
        if (isCounter)
        {
            var toZero = grown > 0 && points[0].Value >= 0 ? sampled * (points[0].Value / grown) : toStart;
            toStart = Math.Min(toStart, toZero);
        }

        toEnd = toEnd >= threshold ? between / 2 : toEnd;
        return grown * ((sampled + toStart + toEnd) / sampled);
    }

    static double? Last(ReadOnlySpan<MetricPoint> points, bool isRate)
    {
        if (points.Length < 2)
        {
            return null;
        }

        var (before, last) = (points[^2], points[^1]);
        var grown = isRate && last.Value < before.Value ? last.Value : last.Value - before.Value;
        return isRate ? grown / ((last.AtMs - before.AtMs) / 1000.0) : grown;
    }

    static double? Count(ReadOnlySpan<MetricPoint> points, Func<double, double, bool> counts)
    {
        var count = 0;
        for (var i = 1; i < points.Length; i++)
        {
            count += counts(points[i - 1].Value, points[i].Value) ? 1 : 0;
        }

        return count;
    }

    static double Predicted(ReadOnlySpan<MetricPoint> points, in Window window)
    {
        var (slope, intercept) = Line(points, window.NowMs);
        return (slope * window.Parameter) + intercept;
    }

    // Least squares, with time in seconds from the given one.
    static (double Slope, double Intercept) Line(ReadOnlySpan<MetricPoint> points, long zeroMs)
    {
        var isConstant = true;
        double count = 0, sumX = 0, sumY = 0, sumXY = 0, sumX2 = 0;
        foreach (var point in points)
        {
            isConstant &= point.Value == points[0].Value;
            var x = (point.AtMs - zeroMs) / 1000.0;
            (count, sumX, sumY, sumXY, sumX2) = (count + 1, sumX + x, sumY + point.Value, sumXY + (x * point.Value), sumX2 + (x * x));
        }

        if (isConstant)
        {
            return double.IsInfinity(points[0].Value) ? (double.NaN, double.NaN) : (0, points[0].Value);
        }

        var covariance = sumXY - (sumX * sumY / count);
        var variance = sumX2 - (sumX * sumX / count);
        var slope = covariance / variance;
        return (slope, (sumY / count) - (slope * sumX / count));
    }
}
