using System.Globalization;
using System.Text;

namespace Mainstay.Host.Api;

/// <summary>Writes metrics in the Prometheus text format, version 0.0.4. Samples of one metric are added one after another.</summary>
public sealed class MetricsText
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    readonly StringBuilder text = new();
    string last = "";

    /// <summary>A value that only grows; its name ends in <c>_total</c>.</summary>
    public MetricsText Counter(string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, help, "counter", value, labels);

    /// <summary>A value that goes up and down.</summary>
    public MetricsText Gauge(string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, help, "gauge", value, labels);

    public override string ToString() => text.ToString();

    MetricsText Add(string name, string help, string type, double value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        if (name != last)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            last = name;
        }

        text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
        }

        text.Append(labels.Length > 0 ? "} " : " ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }

    static string Escape(string value) =>
        value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
