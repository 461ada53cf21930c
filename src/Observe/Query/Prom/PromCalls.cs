using Mainstay.Observe.Store.Metrics;
using static Mainstay.Observe.Query.Prom.PromRow;

namespace Mainstay.Observe.Query.Prom;

/// <summary>The functions.</summary>
static class PromCalls
{
    public static IReadOnlyList<PromRow> Evaluate(PromEvaluation of, CallNode call, PromGrid grid)
    {
        var (name, args) = (call.Function.Name, call.Args);
        if (args.FirstOrDefault(a => a.Type == PromType.Range) is { } range)
        {
            return OverTime(of, call, range, grid);
        }

        switch (name)
        {
            case "time":
                return [new(PromLabels.None, [.. grid.Times().Select(t => t / 1000.0)])];
            case "pi":
                return [PromEvaluation.Constant(Math.PI, grid)];
            case "vector":
                return of.Vector(args[0], grid);
            case "scalar":
                return [Scalar(of.Vector(args[0], grid), grid.Steps)];
            case "absent":
                return Absence(args[0], of.Vector(args[0], grid), grid.Steps);
            case "timestamp":
                return Timestamps(of, args[0], grid);
            case "histogram_quantile":
                return PromBuckets.Quantile(of.Scalar(args[0], grid), of.Vector(args[1], grid), grid.Steps);
            case "label_replace":
                return Replace(call, of.Vector(args[0], grid));
            case "label_join":
                return Join(call, of.Vector(args[0], grid));
            case "sort":
                return [.. of.Vector(args[0], grid).OrderBy(r => double.IsNaN(r.Values[0])).ThenBy(r => r.Values[0])];
            case "sort_desc":
                return [.. of.Vector(args[0], grid).OrderBy(r => double.IsNaN(r.Values[0])).ThenByDescending(r => r.Values[0])];
            case "round" or "clamp" or "clamp_min" or "clamp_max":
                return WithNumbers(of, call, grid);
            default:
                return Date(name) is { } date
                    ? PromMath.Map(args.Count == 0 ? [new(PromLabels.None, [.. grid.Times().Select(t => t / 1000.0)])] : of.Vector(args[0], grid), date)
                    : PromMath.Map(of.Vector(args[0], grid), Plain(name));
        }
    }

    static List<PromRow> OverTime(PromEvaluation of, CallNode call, PromNode range, PromGrid grid)
    {
        var (series, rangeMs, shifted) = of.Range(range, grid);
        var parameter = call.Args.FirstOrDefault(a => a.Type == PromType.Scalar) is { } number ? of.Scalar(number, grid) : null;
        var name = call.Function.Name;
        var rows = new List<PromRow>(series.Count);
        foreach (var one in series)
        {
            MetricPoint[] points = [.. one.Points.Where(p => !Stale.Is(p.Value))];
            var made = Empty(name is "last_over_time" or "first_over_time" ? one.Labels : one.Labels.Nameless(), grid.Steps);
            var (first, next, any) = (0, 0, false);
            for (var i = 0; i < grid.Steps; i++)
            {
                var to = shifted.At(i);
                while (next < points.Length && points[next].AtMs <= to)
                {
                    next++;
                }

                while (first < next && points[first].AtMs <= to - rangeMs)
                {
                    first++;
                }

                if (next > first && PromRanges.Of(name, points.AsSpan(first, next - first), new(to - rangeMs, to, grid.At(i), parameter?[i] ?? 0)) is { } value)
                {
                    (made.Values[i], any) = (value, true);
                }
            }

            of.Take(points.Length, 0, call);
            if (any)
            {
                rows.Add(made);
            }
        }

        return name == "absent_over_time" ? Absence(range, rows, grid.Steps) : Distinct(call, rows);
    }

    // Two metrics that differ in their names alone would become one.
    static List<PromRow> Distinct(CallNode call, List<PromRow> rows)
    {
        var seen = new Dictionary<PromLabels, PromRow>(rows.Count);
        foreach (var row in rows)
        {
            if (!seen.TryAdd(row.Labels, row))
            {
                var first = seen[row.Labels].Values;
                for (var i = 0; i < first.Length; i++)
                {
                    if (Has(first[i]) && Has(row.Values[i]))
                    {
                        throw new PromStop(new($"without the metric's name several series would be named {row.Labels}", call.At));
                    }

                    first[i] = Has(first[i]) ? first[i] : row.Values[i];
                }
            }
        }

        return [.. seen.Values];
    }

    static PromRow Scalar(IReadOnlyList<PromRow> rows, int steps)
    {
        var values = new double[steps];
        for (var i = 0; i < steps; i++)
        {
            var (count, value) = (0, double.NaN);
            foreach (var row in rows)
            {
                if (Has(row.Values[i]))
                {
                    (count, value) = (count + 1, row.Values[i]);
                }
            }

            values[i] = count == 1 ? value : double.NaN;
        }

        return new(PromLabels.None, values);
    }

    // The labels are those that the selector says with =, each once.
    static List<PromRow> Absence(PromNode of, IReadOnlyList<PromRow> rows, int steps)
    {
        var matchers = of is SelectorNode selector ? selector.Matchers : [];
        var labels = new PromLabels(matchers.Where(m => m.Label != PromLabels.NameLabel).GroupBy(m => m.Label)
            .Where(g => g.Count() == 1 && g.Single() is { Pattern: null, Not: false }).Select(g => (g.Key, g.Single().Value)));
        var made = Empty(labels, steps);
        for (var i = 0; i < steps; i++)
        {
            made.Values[i] = rows.Any(r => Has(r.Values[i])) ? Absent : 1;
        }

        return PromMath.Present([made]);
    }

    static List<PromRow> Timestamps(PromEvaluation of, PromNode arg, PromGrid grid) => arg is SelectorNode selector
        ? PromMath.Present([.. of.Samples(selector, grid).Select(s => new PromRow(s.Labels.Nameless(), [.. s.Values.Zip(s.Times, (v, t) => Has(v) ? t / 1000.0 : Absent)]))])
        : [.. of.Vector(arg, grid).Select(r => new PromRow(r.Labels.Nameless(), [.. r.Values.Select((v, i) => Has(v) ? grid.At(i) / 1000.0 : Absent)]))];

    static List<PromRow> Replace(CallNode call, IReadOnlyList<PromRow> rows)
    {
        var (target, replacement, from, pattern) = (Text(call, 1), Text(call, 2), Text(call, 3), Text(call, 4));
        if (PromParser.PatternOf(pattern) is not { } regex)
        {
            throw new PromStop(new($"'{pattern}' is not a regular expression that is supported here", call.Args[4].At));
        }

        return Relabelled(call, rows, labels => regex.Match(labels[from]) is { Success: true } match ? labels.With(target, match.Result(Groups(replacement))) : labels);
    }

    // Go's $1x is a group of the name 1x; .NET's is the group 1 and an x. Braces mean the same in both.
    static string Groups(string replacement) => System.Text.RegularExpressions.Regex.Replace(
        replacement, @"\$(\w+)", m => $"${{{m.Groups[1].Value}}}", System.Text.RegularExpressions.RegexOptions.NonBacktracking);

    static List<PromRow> Join(CallNode call, IReadOnlyList<PromRow> rows)
    {
        var (target, separator) = (Text(call, 1), Text(call, 2));
        string[] sources = [.. call.Args.Skip(3).Select(a => ((TextNode)a).Value)];
        return Relabelled(call, rows, labels => labels.With(target, string.Join(separator, sources.Select(s => labels[s]))));
    }

    static List<PromRow> Relabelled(CallNode call, IReadOnlyList<PromRow> rows, Func<PromLabels, PromLabels> with) =>
        Distinct(call, [.. rows.Select(r => new PromRow(with(r.Labels), r.Values))]);

    static string Text(CallNode call, int at) => ((TextNode)call.Args[at]).Value;

    static List<PromRow> WithNumbers(PromEvaluation of, CallNode call, PromGrid grid)
    {
        double[][] numbers = [.. call.Args.Skip(1).Select(a => of.Scalar(a, grid))];
        double Value(double v, int i) => call.Function.Name switch
        {
            "clamp" => Math.Max(numbers[0][i], Math.Min(numbers[1][i], v)),
            "clamp_min" => Math.Max(numbers[0][i], v),
            "clamp_max" => Math.Min(numbers[0][i], v),

            // Halves go up. Dividing by the inverse keeps 0.1 exact where it can be.
            _ => numbers.Length == 0 ? Math.Floor(v + 0.5) : Math.Floor((v * (1 / numbers[0][i])) + 0.5) / (1 / numbers[0][i]),
        };
        return PromMath.Present(
        [
            .. of.Vector(call.Args[0], grid).Select(r => new PromRow(
                r.Labels.Nameless(), [.. r.Values.Select((v, i) => !Has(v) || (call.Function.Name == "clamp" && numbers[0][i] > numbers[1][i]) ? Absent : Value(v, i))])),
        ]);
    }

    static Func<double, double> Plain(string name) => name switch
    {
        "abs" => Math.Abs,
        "ceil" => Math.Ceiling,
        "floor" => Math.Floor,
        "exp" => Math.Exp,
        "ln" => Math.Log,
        "log2" => Math.Log2,
        "log10" => Math.Log10,
        "sqrt" => Math.Sqrt,
        "sgn" => v => double.IsNaN(v) ? v : Math.Sign(v),
        "sin" => Math.Sin,
        "cos" => Math.Cos,
        "tan" => Math.Tan,
        "asin" => Math.Asin,
        "acos" => Math.Acos,
        "atan" => Math.Atan,
        "sinh" => Math.Sinh,
        "cosh" => Math.Cosh,
        "tanh" => Math.Tanh,
        "asinh" => Math.Asinh,
        "acosh" => Math.Acosh,
        "atanh" => Math.Atanh,
        "deg" => v => v * 180 / Math.PI,
        _ => v => v * Math.PI / 180,
    };

    static Func<double, double>? Date(string name)
    {
        Func<DateTimeOffset, double>? part = name switch
        {
            "minute" => d => d.Minute,
            "hour" => d => d.Hour,
            "day_of_week" => d => (int)d.DayOfWeek,
            "day_of_month" => d => d.Day,
            "day_of_year" => d => d.DayOfYear,
            "days_in_month" => d => DateTime.DaysInMonth(d.Year, d.Month),
            "month" => d => d.Month,
            "year" => d => d.Year,
            _ => null,
        };
        return part is null ? null : seconds => seconds is > -6e10 and < 2.5e11 ? part(DateTimeOffset.FromUnixTimeSeconds((long)Math.Floor(seconds))) : double.NaN;
    }
}
