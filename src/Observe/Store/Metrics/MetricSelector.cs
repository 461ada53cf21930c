using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>Which series: <c>NAME{label="x",label!="x",label=~"regex",label!~"regex"}</c>. Names may hold dots; the name or the braces may be left out, not both.</summary>
public sealed class MetricSelector
{
    /// <summary>The most conditions.</summary>
    public const int MostConditions = 32;

    /// <summary>The longest text of a selector, in characters.</summary>
    public const int MostText = 4096;

    readonly List<Condition> conditions = [];

    internal MetricSelector(string? name) => Name = name;

    /// <summary>The name that all of them have; null for any.</summary>
    public string? Name { get; }

    /// <summary>All series of one name.</summary>
    public static MetricSelector Of(string name) => new(name);

    /// <summary>As this, and <paramref name="label"/> is <paramref name="value"/>.</summary>
    public MetricSelector With(string label, string value)
    {
        var narrower = new MetricSelector(Name);
        narrower.conditions.AddRange(conditions);
        narrower.conditions.Add(new(label, value, null, false));
        return narrower;
    }

    /// <summary>What must hold of its labels.</summary>
    internal List<Condition> Conditions => conditions;

    public bool Matches(MetricSeries series) => (Name is null || series.Name == Name) && conditions.TrueForAll(c => c.Holds(series));

    /// <summary>Reads a selector; what is wrong with it, with its place, otherwise.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MetricSelector? selector, out string wrong)
    {
        selector = null;
        if (text.Length > MostText)
        {
            wrong = $"the selector is longer than {MostText} characters";
            return false;
        }

        var parser = new SelectorParser(text);
        selector = parser.Selector();
        wrong = parser.Wrong;
        return selector is not null;
    }

    /// <summary>Whether a character may stand in a name.</summary>
    internal static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-' or '/';

    internal readonly record struct Condition(string Label, string Value, Regex? Pattern, bool Not)
    {
        // A label that is absent is empty, as in Prometheus.
        public bool Holds(MetricSeries series) => (Pattern?.IsMatch(series.Label(Label)) ?? (series.Label(Label) == Value)) != Not;
    }
}
