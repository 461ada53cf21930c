using System.Globalization;
using System.Text;
using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>
/// The query language in text scenarios: <c>load STEP</c> with a line for each series, its values in the short form <c>1+2x3</c> (four values, each two more), <c>_</c> for none and <c>stale</c>;
/// <c>eval TIME</c> and <c>range FROM TO STEP</c> with an expression in the next line; <c>parse</c>.
/// </summary>
public sealed class PromScenarios
{
    public static TheoryData<string> Files => ScenarioFile.In("promql");

    [Theory]
    [MemberData(nameof(Files))]
    public void Scenario(string name)
    {
        var source = new Source();
        ScenarioFile.Run(name, step => step.Command.Split(' ') switch
        {
            ["clear"] => source.Clear(),
            ["load", var every] => source.Load(Ms(every), step.Input.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            ["eval", var at] => Show(PromEngine.At(step.Input, source, Ms(at), new())),
            ["eval", var at, var most] => Show(PromEngine.At(step.Input, source, Ms(at), new() { Samples = long.Parse(most, CultureInfo.InvariantCulture), Series = 100 })),
            ["range", var from, var to, var every] => Show(PromEngine.Over(step.Input, source, Ms(from), Ms(to), Ms(every), new())),
            ["parse"] => string.Join('\n', step.Input.Split('\n').Select(i => PromParser.Parse(i).Fault?.ToString() ?? "ok")),
            _ => $"no such command: {step.Command}",
        });
    }

    static long Ms(string text) => Mainstay.Core.Kinds.Durations.TryParse(text, out var span) ? (long)span.TotalMilliseconds : long.Parse(text, CultureInfo.InvariantCulture) * 1000;

    static string Show((PromAnswer? Answer, PromFault? Fault) result)
    {
        if (result.Answer is not { } answer)
        {
            return $"error: {result.Fault}";
        }

        var text = new StringBuilder();
        foreach (var row in answer.Rows)
        {
            text.Append(answer.Type == PromType.Scalar ? "" : $"{row.Labels} ").Append(string.Join(' ', row.Values.Select(v => PromRow.Has(v) ? Number(v) : "_"))).Append('\n');
        }

        foreach (var series in answer.Raw)
        {
            text.Append($"{series.Labels} ").Append(string.Join(' ', series.Points.Select(p => $"{Number(p.Value)}@{p.AtMs / 1000.0:0.###}"))).Append('\n');
        }

        return answer.Text.Length > 0 ? answer.Text : text.Length == 0 ? "nothing" : text.ToString();
    }

    // Twelve digits: what calculating in another order changes is not the language's.
    static string Number(double value) => double.IsFinite(value) ? double.Parse(value.ToString("G12", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture) : value.ToString(CultureInfo.InvariantCulture);

    sealed class Source : IPromSource
    {
        readonly List<PromSeries> all = [];

        public string Clear()
        {
            all.Clear();
            return "ok";
        }

        public string Load(long stepMs, IReadOnlyList<string> lines)
        {
            foreach (var line in lines)
            {
                var cut = line.LastIndexOf('}') + 1;
                cut = cut == 0 ? line.IndexOf(' ', StringComparison.Ordinal) : cut;
                var (node, fault) = PromParser.Parse(line[..cut]);
                if (node is not SelectorNode selector)
                {
                    return $"error: {fault}";
                }

                var points = Values(line[cut..].Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select((v, i) => (v, i)).Where(p => p.v is not null).Select(p => new MetricPoint(p.i * stepMs, p.v!.Value));
                all.Add(new(new(selector.Matchers.Select(m => (m.Label, m.Value))), [.. points]));
            }

            return "ok";
        }

        public IReadOnlyList<PromSeries> Read(IReadOnlyList<PromMatcher> matchers, long fromMs, long toMs) =>
            [.. all.Where(s => matchers.All(m => m.Holds(s.Labels[m.Label]))).Select(s => s with { Points = [.. s.Points.Where(p => p.AtMs >= fromMs && p.AtMs <= toMs)] }).Where(s => s.Points.Count > 0)];

        // 5, _, stale, 1x4 (five times 1), 1+2x3, 10-1x2, _x3
        static IEnumerable<double?> Values(string[] words)
        {
            foreach (var word in words)
            {
                var times = word.LastIndexOf('x');
                var head = times > 0 ? word[..times] : word;
                var count = times > 0 ? int.Parse(word[(times + 1)..], CultureInfo.InvariantCulture) : 0;
                if (head is "_" or "stale")
                {
                    for (var i = 0; i < Math.Max(1, count); i++)
                    {
                        yield return head == "_" ? null : Stale.Mark;
                    }

                    continue;
                }

                var sign = head.LastIndexOfAny(['+', '-']);
                var isStep = sign > 0 && head[sign - 1] != 'e';
                var first = double.Parse(isStep ? head[..sign] : head, CultureInfo.InvariantCulture);
                var step = isStep ? double.Parse(head[sign..], CultureInfo.InvariantCulture) : 0;
                for (var i = 0; i <= count; i++)
                {
                    yield return first + (i * step);
                }
            }
        }
    }
}
