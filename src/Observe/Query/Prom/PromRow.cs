using System.Text;

namespace Mainstay.Observe.Query.Prom;

/// <summary>Labels in ordinal order of their names, the metric's name among them as <c>__name__</c>. Equal by content.</summary>
public sealed class PromLabels : IEquatable<PromLabels>
{
    public const string NameLabel = "__name__";

    readonly (string Name, string Value)[] labels;
    readonly string key;

    /// <param name="labels">In any order, each name once; empty values are left out.</param>
    public PromLabels(IEnumerable<(string Name, string Value)> labels)
    {
        this.labels = [.. labels.Where(l => l.Value.Length > 0).OrderBy(l => l.Name, StringComparer.Ordinal)];
        var text = new StringBuilder();
        foreach (var (name, value) in this.labels)
        {
            text.Append(name).Append('\u0001').Append(value).Append('\u0002');
        }

        key = text.ToString();
    }

    public static PromLabels None { get; } = new([]);

    public IReadOnlyList<(string Name, string Value)> All => labels;

    /// <summary>What tells them from others.</summary>
    public string Key => key;

    /// <summary>The value of a label; empty where there is none.</summary>
    public string this[string name]
    {
        get
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
    }

    /// <summary>Without the metric's name.</summary>
    public PromLabels Nameless() => labels.Length > 0 && this[NameLabel].Length > 0 ? Without([NameLabel]) : this;

    public PromLabels Only(IReadOnlyList<string> names) => new(labels.Where(l => names.Contains(l.Name)));

    public PromLabels Without(IReadOnlyList<string> names) => new(labels.Where(l => !names.Contains(l.Name)));

    /// <summary>With a label set, or with an empty value taken away.</summary>
    public PromLabels With(string name, string value) => new(labels.Where(l => l.Name != name).Append((name, value)));

    public bool Equals(PromLabels? other) => other is not null && key == other.key;

    public override bool Equals(object? obj) => Equals(obj as PromLabels);

    public override int GetHashCode() => key.GetHashCode(StringComparison.Ordinal);

    /// <summary>As Prometheus shows them: <c>name{label="value"}</c>.</summary>
    public override string ToString()
    {
        var rest = string.Join(", ", labels.Where(l => l.Name != NameLabel).Select(l => $"{Shown(l.Name)}=\"{Escaped(l.Value)}\""));
        var name = this[NameLabel];
        return IsPlain(name) || name.Length == 0 ? name.Length > 0 && rest.Length == 0 ? name : $"{name}{{{rest}}}" : $"{{\"{Escaped(name)}\"{(rest.Length > 0 ? ", " : "")}{rest}}}";
    }

    /// <summary>Whether a name needs no quotes.</summary>
    public static bool IsPlain(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':');

    static string Shown(string name) => IsPlain(name) ? name : $"\"{Escaped(name)}\"";

    static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

/// <summary>A series of a result: one place per step, empty ones hold <see cref="Absent"/>.</summary>
public sealed class PromRow(PromLabels labels, double[] values)
{
    const ulong AbsentBits = 0x7ff0000000000002;

    /// <summary>What stands where there is no value; no calculation gives it.</summary>
    public static double Absent { get; } = BitConverter.UInt64BitsToDouble(AbsentBits);

    public PromLabels Labels => labels;

    public double[] Values => values;

    public static bool Has(double value) => BitConverter.DoubleToUInt64Bits(value) != AbsentBits;

    /// <summary>An empty row of so many steps.</summary>
    public static PromRow Empty(PromLabels labels, int steps)
    {
        var values = new double[steps];
        Array.Fill(values, Absent);
        return new(labels, values);
    }
}

/// <summary>Samples in order of time, as a selector finds them.</summary>
public sealed record PromSeries(PromLabels Labels, IReadOnlyList<Store.Metrics.MetricPoint> Points);

/// <summary>What an expression is evaluated over.</summary>
public interface IPromSource
{
    /// <summary>The series for which all conditions hold, with their samples of a span of time, both ends inclusive; marks of ended series among them.</summary>
    IReadOnlyList<PromSeries> Read(IReadOnlyList<PromMatcher> matchers, long fromMs, long toMs);
}
