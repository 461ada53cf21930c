using FsCheck;
using FsCheck.Fluent;
using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>No text breaks the query language: it is answered or refused with a place.</summary>
public sealed class PromFuzzTests
{
    static readonly string[] Words =
    [
        "a", "b", "{", "}", "(", ")", "[", "]", "5m", "1h30m", ":", "=", "=~", "!=", "!~", "\"x\"", "\"(\"", "'", "`", "\\", ",", "sum", "rate", "by", "without", "on", "ignoring", "group_left", "offset", "@",
        "start", "end", "bool", "and", "or", "unless", "+", "-", "*", "/", "%", "^", "==", ">", "<=", "1", "0x", "1e9", "Inf", "NaN", "topk", "quantile", "count_values", "histogram_quantile", "label_replace", "absent", "scalar", "vector",
        "time", "#", "\n", " ", " ", "le", "é", "\0", ".", "a.b", "last_over_time", "1_000", "{\"a.b\"}", "a[5m]", "(a)", "rate(a[5m])",
    ];

    [Fact]
    public void Any_words_in_any_order() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(4000), Prop.ForAll(
        Gen.Elements(Words).ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
        text =>
        {
            var source = new Fixed();
            var (node, fault) = PromParser.Parse(text);
            ((node is null) ^ (fault is null)).ShouldBeTrue();
            (fault is null || fault.At <= text.Length).ShouldBeTrue();
            _ = PromEngine.At(text, source, 600_000, new() { Samples = 100_000 });
            _ = PromEngine.Over(text, source, 0, 600_000, 60_000, new() { Samples = 100_000 });
            return true;
        }));

    [Fact]
    public void Nesting_and_length_are_bounded()
    {
        PromParser.Parse(new string('(', 5000) + "a" + new string(')', 5000)).Fault!.What.ShouldContain("nested deeper");
        PromParser.Parse(string.Concat(Enumerable.Repeat("-", 5000)) + "a").Fault!.What.ShouldContain("nested deeper");
        PromParser.Parse(string.Join('^', Enumerable.Repeat("a", 3000))).Fault!.What.ShouldContain("nested deeper");
        PromParser.Parse(new string('a', 20_000)).Fault!.What.ShouldContain("longer than");
        PromParser.Parse(string.Join('+', Enumerable.Repeat("1", 5000))).Fault!.What.ShouldContain("operators");
    }

    sealed class Fixed : IPromSource
    {
        public IReadOnlyList<PromSeries> Read(IReadOnlyList<PromMatcher> matchers, long fromMs, long toMs) =>
        [
            .. new[] { "a", "b" }.Select(n => new PromSeries(
                    new([(PromLabels.NameLabel, n), ("le", n == "a" ? "1" : "+Inf")]), [.. Enumerable.Range(0, 20).Select(i => new MetricPoint(i * 30_000, i % 7 == 3 ? double.NaN : i))]))
                .Where(s => matchers.All(m => m.Holds(s.Labels[m.Label]))).Select(s => s with { Points = [.. s.Points.Where(p => p.AtMs >= fromMs && p.AtMs <= toMs)] }),
        ];
    }
}
