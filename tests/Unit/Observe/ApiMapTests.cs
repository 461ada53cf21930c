using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Query;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

/// <summary>Which API calls which. A span is written as its depth in blanks, its kind (s serves, m takes a message, c calls, i is within), service, name, milliseconds, and ! where it failed.</summary>
public sealed class ApiMapTests
{
    [Fact]
    public void An_API_calls_what_is_served_below_it_whatever_lies_between() => Edges(null,
        """
        s web GET/ 50
         i web render 40
          c web GET 20
           s orders GET/orders 18
            c orders SELECT 5
            c orders POST 6
             s stock POST/take 4 !
         c web GET 10
          s orders GET/orders 8
        """).ShouldBe(
    [
        "web GET/ -> orders GET/orders: 2, 2 a request, 100 % of callee, 0 % failed, 8 to 18 ms, trace t0", "orders GET/orders -> stock POST/take: 1, 0.5 a request, 100 % of callee, 100 % failed, 4 to 4 ms, trace t0",
    ]);

    [Fact]
    public void Calls_of_several_traces_add_up_and_the_slowest_is_the_proof() => Edges("orders",
        """
        s web GET/ 9
         s orders GET/orders 3
        """,
        """
        s web GET/ 90
         s orders GET/orders 80
          s stock GET/stock 2
        """,
        """
        s admin GET/ 9
         s orders GET/orders 5
        """,
        """
        s web GET/ 9
         s stock GET/stock 5
        """).ShouldBe(
    [
        "web GET/ -> orders GET/orders: 2, 0.67 a request, 66.7 % of callee, 0 % failed, 3 to 80 ms, trace t1", "admin GET/ -> orders GET/orders: 1, 1 a request, 33.3 % of callee, 0 % failed, 5 to 5 ms, trace t2",
        "orders GET/orders -> stock GET/stock: 1, 0.33 a request, 50 % of callee, 0 % failed, 2 to 2 ms, trace t1",
    ], "what does not concern orders is not told, and counts as calls of the callee all the same");

    [Fact]
    public void What_nobody_asked_for_calls_by_the_name_of_its_first_span() => Edges(null,
        """
        i browser page-load 90
         c browser GET 50
          s web GET/ 45
        """,
        """
        m mailer orders 9
         s smtp send 3
        """,
        """
        s alone GET/ 1
        """).ShouldBe(
    [
        "browser page-load -> web GET/: 1, 1 a request, 100 % of callee, 0 % failed, 45 to 45 ms, trace t0", "mailer orders -> smtp send: 1, 1 a request, 100 % of callee, 0 % failed, 3 to 3 ms, trace t1",
    ]);

    static IEnumerable<string> Edges(string? service, params string[] traces) =>
        ApiMapBuilder.Build([.. traces.Select(Trace)], service).Edges.Select(e => FormattableString.Invariant(
            $"{e.From} {e.FromApi} -> {e.To} {e.ToApi}: {e.Calls}, {e.CallsPerRequest} a request, {Math.Round(e.Share * 100, 1)} % of callee, {e.ErrorRatio * 100} % failed, {e.P50Ms} to {e.P99Ms} ms, trace {e.Trace}"));

    static TraceView Trace(string text, int number) => new($"t{number}", default, 0, "", "", 0, 0, [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Span)]);

    static TraceSpan Span(string line)
    {
        var words = line.Trim().Split(' ');
        var kind = words[0] switch { "s" => SpanKind.Server, "m" => SpanKind.Consumer, "c" => SpanKind.Client, _ => SpanKind.Internal };
        return new("", null, line.TakeWhile(c => c == ' ').Count(), words[1], "", words[2], kind, words is [.., "!"], "", 0, double.Parse(words[3], System.Globalization.CultureInfo.InvariantCulture), 0, false, [], []);
    }
}
