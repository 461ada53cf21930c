using System.Text;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// The names that Prometheus gives to OpenTelemetry's: what is no letter, digit or colon becomes an underscore, the unit and <c>_total</c> stand behind
/// (<c>http.server.request.duration</c> in s → <c>http_server_request_duration_seconds</c>). A name that is one already and has no unit stays as it is.
/// </summary>
public static class PrometheusName
{
    static readonly string[] Parts = ["_bucket", "_sum", "_count"];

    static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["d"] = "days", ["h"] = "hours", ["min"] = "minutes", ["s"] = "seconds", ["ms"] = "milliseconds", ["us"] = "microseconds", ["ns"] = "nanoseconds",
        ["By"] = "bytes", ["KiBy"] = "kibibytes", ["MiBy"] = "mebibytes", ["GiBy"] = "gibibytes", ["kBy"] = "kilobytes", ["MBy"] = "megabytes", ["GBy"] = "gigabytes",
        ["m"] = "meters", ["V"] = "volts", ["A"] = "amperes", ["J"] = "joules", ["W"] = "watts", ["g"] = "grams", ["Cel"] = "celsius", ["Hz"] = "hertz", ["%"] = "percent", ["1"] = "",
    };

    static readonly Dictionary<string, string> PerUnits = new(StringComparer.Ordinal)
    {
        ["s"] = "second", ["min"] = "minute", ["h"] = "hour", ["d"] = "day",
    };

    /// <summary>The name of a series.</summary>
    public static string Of(MetricSeries series)
    {
        if (IsPlain(series.Name) && series.Unit.Length == 0)
        {
            return series.Name;
        }

        var part = series.Kind == MetricKind.Counter ? Array.Find(Parts, p => series.Name.EndsWith(p, StringComparison.Ordinal)) ?? "" : "";
        var name = Words(series.Name[..^part.Length]);
        var unit = UnitOf(series);
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal) && !name.EndsWith(unit + "_total", StringComparison.Ordinal))
        {
            name += "_" + unit;
        }

        return part.Length > 0 ? name + part : series.Kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>The name of a label.</summary>
    public static string OfLabel(string label)
    {
        if (IsPlain(label) && !label.Contains(':', StringComparison.Ordinal))
        {
            return label;
        }

        var text = new StringBuilder(label);
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = char.IsAsciiLetterOrDigit(text[i]) ? text[i] : '_';
        }

        return char.IsAsciiDigit(text[0]) ? "key_" + text : text.ToString();
    }

    static bool IsPlain(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':');

    static string UnitOf(MetricSeries series)
    {
        var unit = series.Unit;
        if (unit == "1" && series.Kind == MetricKind.Gauge)
        {
            return "ratio";
        }

        // What is counted stands in braces and is no unit.
        var slash = unit.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Word(unit, Units);
        }

        var (above, below) = (Word(unit[..slash], Units), Word(unit[(slash + 1)..], PerUnits));
        return below.Length == 0 ? above : above.Length == 0 ? "per_" + below : $"{above}_per_{below}";
    }

    static string Word(string unit, Dictionary<string, string> words) => unit.Contains('{', StringComparison.Ordinal) ? "" : words.TryGetValue(unit, out var word) ? word : Words(unit);

    static string Words(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is ':')
            {
                name.Append(c);
            }
            else if (name.Length > 0 && name[^1] != '_')
            {
                name.Append('_');
            }
        }

        if (name.Length > 0 && name[^1] == '_')
        {
            name.Length--;
        }

        return name.Length > 0 && char.IsAsciiDigit(name[0]) ? "_" + name : name.ToString();
    }
}
