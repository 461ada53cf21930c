using static Mainstay.Observe.Query.Prom.PromType;

namespace Mainstay.Observe.Query.Prom;

/// <summary>The functions that are known, and what they take.</summary>
public static class PromFunctions
{
    static readonly string[] OfValues =
    [
        "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad",
    ];

    static readonly string[] OfRanges =
    [
        "rate", "irate", "increase", "delta", "idelta", "deriv", "resets", "changes",
        "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time", "first_over_time", "present_over_time",
        "absent_over_time",
    ];

    static readonly string[] OfDates = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"];

    static readonly Dictionary<string, PromFunction> All = Make().ToDictionary(f => f.Name, StringComparer.Ordinal);

    /// <summary>The aggregations; the last four take a parameter.</summary>
    public static IReadOnlyList<string> Aggregations { get; } =
        ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values"];

    /// <summary>Whether an aggregation takes a parameter before its series.</summary>
    public static bool TakesParameter(string aggregation) => aggregation is "topk" or "bottomk" or "quantile" or "count_values";

    /// <summary>The function of a name; null where there is none.</summary>
    public static PromFunction? Find(string name) => All.GetValueOrDefault(name);

    static IEnumerable<PromFunction> Make() =>
    [
        .. OfValues.Select(n => new PromFunction(n, Instant, [Instant])),
        .. OfRanges.Select(n => new PromFunction(n, Instant, [PromType.Range])),
        .. OfDates.Select(n => new PromFunction(n, Instant, [Instant], Optional: 1)),
        new("round", Instant, [Instant, Scalar], Optional: 1),
        new("clamp", Instant, [Instant, Scalar, Scalar]),
        new("clamp_min", Instant, [Instant, Scalar]),
        new("clamp_max", Instant, [Instant, Scalar]),
        new("quantile_over_time", Instant, [Scalar, PromType.Range]),
        new("predict_linear", Instant, [PromType.Range, Scalar]),
        new("histogram_quantile", Instant, [Scalar, Instant]),
        new("label_replace", Instant, [Instant, Text, Text, Text, Text]),
        new("label_join", Instant, [Instant, Text, Text, Text], Optional: 1, Repeats: true),
        new("sort", Instant, [Instant]),
        new("sort_desc", Instant, [Instant]),
        new("timestamp", Instant, [Instant]),
        new("absent", Instant, [Instant]),
        new("scalar", Scalar, [Instant]),
        new("vector", Instant, [Scalar]),
        new("time", Scalar, []),
        new("pi", Scalar, []),
    ];
}
