using System.Text;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>How the values of a series are to be read.</summary>
public enum MetricKind
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A sum that only grows; a smaller value than before is a new beginning at zero.</summary>
    Counter,
}

/// <summary>What identifies a run of samples: a name and labels, in the words of OpenTelemetry's semantic conventions where they have one. Equal by both.</summary>
public sealed class MetricSeries : IEquatable<MetricSeries>
{
    /// <summary>The most labels of a series.</summary>
    public const int MostLabels = 32;

    /// <summary>The longest name, label name or label value, in characters.</summary>
    public const int MostText = 1024;

    readonly (string Name, string Value)[] labels;
    readonly string key;

    /// <param name="name">Such as <c>system.cpu.time</c>.</param>
    /// <param name="unit">In UCUM: <c>s</c>, <c>By</c>, <c>1</c>, <c>{thread}</c>.</param>
    /// <param name="kind">How to read its values.</param>
    /// <param name="labels">In any order, each name once; of two with one name the last counts.</param>
    public MetricSeries(string name, string unit, MetricKind kind, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        (Name, Unit, Kind) = (name, unit, kind);
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (label, value) in labels)
        {
            sorted[label] = value;
        }

        this.labels = [.. sorted.Select(l => (l.Key, l.Value))];
        var text = new StringBuilder(name);
        foreach (var (label, value) in this.labels)
        {
            text.Append('\u0001').Append(label).Append('\u0002').Append(value);
        }

        key = text.ToString();
    }

    public string Name { get; }

    /// <summary>The name that Prometheus would give it; see <see cref="Metrics.PrometheusName"/>.</summary>
    public string PrometheusName => field ??= Metrics.PrometheusName.Of(this);

    /// <summary>The names that it is found by: its own, and the one that Prometheus would give it where that is another.</summary>
    public ReadOnlySpan<string> Names => PrometheusName == Name ? new[] { Name } : new[] { Name, PrometheusName };

    /// <summary>What tells it from others: name and labels.</summary>
    public string Key => key;

    public string Unit { get; }

    public MetricKind Kind { get; }

    /// <summary>In ordinal order of their names.</summary>
    public IReadOnlyList<(string Name, string Value)> Labels => labels;

    /// <summary>Roughly what the series takes in memory beside its samples, in bytes.</summary>
    public int Bytes => (4 * key.Length) + 200;

    /// <summary>The value of a label; empty where it has none of that name.</summary>
    public string Label(string name)
    {
        foreach (var label in labels)
        {
            if (label.Name == name)
            {
                return label.Value;
            }
        }

        return "";
    }

    /// <summary>Why it cannot be stored; null where it can.</summary>
    public string? Refusal() =>
        Name.Length is 0 or > MostText || Unit.Length > MostText ? "its name or unit is empty or too long"
        : labels.Length > MostLabels ? $"it has more than {MostLabels} labels"
        : labels.Any(l => l.Name.Length is 0 or > MostText || l.Value.Length > MostText) ? "a label is empty or too long"
        : null;

    public bool Equals(MetricSeries? other) => other is not null && (ReferenceEquals(this, other) || key == other.key);

    public override bool Equals(object? obj) => Equals(obj as MetricSeries);

    public override int GetHashCode() => key.GetHashCode(StringComparison.Ordinal);

    /// <summary>As it is written in a selector: <c>name{label="value"}</c>.</summary>
    public override string ToString() =>
        labels.Length == 0 ? Name : $"{Name}{{{string.Join(',', labels.Select(l => $"{l.Name}=\"{l.Value}\""))}}}";
}

/// <summary>One value of a series.</summary>
/// <param name="Series">Of what.</param>
/// <param name="Value">Any; <see cref="Stale.Mark"/> where the series has ended.</param>
/// <param name="AtMs">When, in milliseconds since the epoch.</param>
public readonly record struct MetricSample(MetricSeries Series, double Value, long AtMs);

/// <summary>The value that says that a series has ended: a NaN of its own, the one that Prometheus writes.</summary>
public static class Stale
{
    const ulong Bits = 0x7ff0000000000002;

    public static double Mark { get; } = BitConverter.UInt64BitsToDouble(Bits);

    /// <summary>Whether a value is the mark; other NaNs are not.</summary>
    public static bool Is(double value) => BitConverter.DoubleToUInt64Bits(value) == Bits;
}

/// <summary>Takes samples of whatever collects them. Never throws and never waits; what it cannot take it counts.</summary>
public interface IMetricSink
{
    /// <param name="samples">Of any series; within one series in order of time. The caller may use the memory again afterwards.</param>
    void Add(ReadOnlySpan<MetricSample> samples);
}
