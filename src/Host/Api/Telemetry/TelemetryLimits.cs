using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>How much telemetry the server keeps on disk.</summary>
/// <param name="Traces">Of chosen traces. Default seven days, at most 4 GiB.</param>
/// <param name="Logs">Of log records. Default seven days, at most 4 GiB.</param>
/// <param name="Metrics">Of samples of series. Default 14 days, at most 2 GiB.</param>
/// <param name="TraceBudget">Spans of chosen traces kept in a second. Default 1,000.</param>
public sealed record TelemetryLimits(Retention Traces, Retention Logs, Retention Metrics, double TraceBudget)
{
    public const string TracesVariable = "MAINSTAY_KEEP_TRACES";

    public const string LogsVariable = "MAINSTAY_KEEP_LOGS";

    public const string MetricsVariable = "MAINSTAY_KEEP_METRICS";

    public const string BudgetVariable = "MAINSTAY_TRACE_BUDGET";

    public static Retention Standard { get; } = new(TimeSpan.FromDays(7), 4L << 30);

    /// <summary>Reads the variables, which are AGE,SIZE such as <c>7d,4Gi</c>, and a number of spans.</summary>
    /// <param name="variable">Their values; null or empty where one is not set.</param>
    /// <param name="problems">All that is wrong.</param>
    public static TelemetryLimits Read(Func<string, string?> variable, List<Problem> problems)
    {
        var budget = variable(BudgetVariable);
        var spans = 1000d;
        if (!string.IsNullOrEmpty(budget) && (!double.TryParse(budget, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out spans) || spans is <= 0 or > 1e9))
        {
            problems.Add(new(BudgetVariable, $"'{budget}' is no number of spans a second", "give a number such as 1000"));
        }

        return new(Keep(TracesVariable, Standard), Keep(LogsVariable, Standard), Keep(MetricsVariable, new MetricDiskOptions().Keep), spans);

        Retention Keep(string name, Retention standard)
        {
            var text = variable(name);
            if (string.IsNullOrEmpty(text))
            {
                return standard;
            }

            var parts = text.Split(',', StringSplitOptions.TrimEntries);
            if (parts.Length == 2 && Durations.TryParse(parts[0], out var age) && age > TimeSpan.Zero && ByteSize.TryParse(parts[1], out var size) && size.Bytes > 0)
            {
                return new(age, size.Bytes);
            }

            problems.Add(new(name, $"'{text}' does not say how long and how much is kept", "give AGE,SIZE such as 7d,4Gi"));
            return standard;
        }
    }
}
