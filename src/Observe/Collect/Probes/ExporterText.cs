using System.Text;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>
/// Reads an exporter's page in Prometheus' text format, version 0.0.4. Names and labels stay as they are; histograms and summaries come as the series that they are written as.
/// A line that cannot be read is passed over and counted.
/// </summary>
public static class ExporterText
{
    /// <summary>Reads a page.</summary>
    /// <returns>How many samples were read, and how many lines were none.</returns>
    public static (int Taken, int Refused) Read(ReadOnlySpan<byte> page, ProbeSamples into)
    {
        var (taken, refused) = (0, 0);
        var counters = new HashSet<string>(StringComparer.Ordinal);
        var labels = new List<(string, string)>();
        while (ProcText.Line(ref page, out var line))
        {
            line = line.Trim(" \t\r"u8);
            if (line.StartsWith("# TYPE "u8))
            {
                line = line[7..];
                var name = Encoding.UTF8.GetString(ProcText.Word(ref line));
                Note(counters, name, ProcText.Word(ref line));
            }
            else if (!line.IsEmpty && line[0] != (byte)'#')
            {
                labels.Clear();
                if (Sample(line, labels, out var name, out var value))
                {
                    Add(into, name, value, counters.Contains(name) ? MetricKind.Counter : MetricKind.Gauge, [.. labels]);
                    taken++;
                }
                else
                {
                    refused++;
                }
            }
        }

        return (taken, refused);
    }

    static void Note(HashSet<string> counters, string name, ReadOnlySpan<byte> type)
    {
        if (counters.Count > ProbeSamples.MostSeries)
        {
            return;
        }

        if (type.SequenceEqual("counter"u8))
        {
            counters.Add(name);
        }
        else if (type.SequenceEqual("histogram"u8) || type.SequenceEqual("summary"u8))
        {
            counters.UnionWith([name + "_bucket", name + "_sum", name + "_count"]);
        }
    }

    static void Add(ProbeSamples into, string name, double value, MetricKind kind, (string, string)[] labels)
    {
        if (kind == MetricKind.Counter)
        {
            into.Counter(name, "", value, labels);
        }
        else
        {
            into.Gauge(name, "", value, labels);
        }
    }

    // name{label="value",…} value [timestamp]
    static bool Sample(ReadOnlySpan<byte> line, List<(string, string)> labels, out string name, out double value)
    {
        var end = line.IndexOfAny("{ \t"u8);
        name = end <= 0 ? "" : Encoding.UTF8.GetString(line[..end]);
        value = 0;
        if (name.Length is 0 or > MetricSeries.MostText)
        {
            return false;
        }

        line = line[end..];
        if (line[0] == (byte)'{' && !Labels(ref line, labels))
        {
            return false;
        }

        var word = ProcText.Word(ref line);
        if (ProcText.Decimal(word) is { } number)
        {
            value = number;
            return true;
        }

        // Nothing to store, and nothing wrong.
        value = double.NaN;
        return word.SequenceEqual("NaN"u8) || word.SequenceEqual("+Inf"u8) || word.SequenceEqual("-Inf"u8) || word.SequenceEqual("Inf"u8);
    }

    static bool Labels(ref ReadOnlySpan<byte> line, List<(string, string)> labels)
    {
        line = line[1..];
        while (true)
        {
            line = line.TrimStart(" \t,"u8);
            if (line.IsEmpty)
            {
                return false;
            }

            if (line[0] == (byte)'}')
            {
                line = line[1..];
                return true;
            }

            var equals = line.IndexOf((byte)'=');
            if (equals <= 0 || labels.Count >= MetricSeries.MostLabels - 4)
            {
                return false;
            }

            var name = Encoding.UTF8.GetString(line[..equals].Trim(" \t"u8));
            line = line[(equals + 1)..].TrimStart(" \t"u8);
            if (line.IsEmpty || line[0] != (byte)'"' || Quoted(ref line) is not { } value)
            {
                return false;
            }

            labels.Add((name, value));
        }
    }

    static string? Quoted(ref ReadOnlySpan<byte> line)
    {
        var text = new List<byte>();
        for (var i = 1; i < line.Length; i++)
        {
            if (line[i] == (byte)'"')
            {
                line = line[(i + 1)..];
                return Encoding.UTF8.GetString([.. text]);
            }

            if (line[i] == (byte)'\\' && i + 1 < line.Length)
            {
                text.Add(line[++i] == (byte)'n' ? (byte)'\n' : line[i]);
            }
            else
            {
                text.Add(line[i]);
            }
        }

        return null;
    }
}
