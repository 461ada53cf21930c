using System.Text.RegularExpressions;

namespace Mainstay.Observe.Query.Prom;

/// <content>Selectors, ranges, offsets.</content>
public sealed partial class PromParser
{
    PromNode? Selector(int at, string? name)
    {
        var matchers = new List<PromMatcher>();
        if (name is not null)
        {
            matchers.Add(new("__name__", name, null, false));
        }

        if (token.Is("{") && !Matchers(matchers, name is not null))
        {
            return null;
        }

        return matchers.TrueForAll(m => m.TakesEmpty) ? Fail("a selector must have a condition that an empty label does not fulfil", at) : new SelectorNode(at, matchers, 0, default);
    }

    bool Matchers(List<PromMatcher> into, bool isNamed)
    {
        Advance();
        while (!token.Is("}"))
        {
            var at = token.At;
            if (token.Kind is not (PromTokenKind.Name or PromTokenKind.Text))
            {
                Fail("a label such as name=\"value\" is expected here", at);
                return false;
            }

            var (label, quoted) = (token.Text, token.Kind == PromTokenKind.Text);
            Advance();
            if (quoted && (token.Is(",") || token.Is("}")))
            {
                if (isNamed)
                {
                    Fail("the metric is named twice", at);
                    return false;
                }

                isNamed = true;
                into.Add(new("__name__", label, null, false));
            }
            else if (!Matcher(label, at, into))
            {
                return false;
            }

            if (into.Count > 64)
            {
                Fail("more than 64 conditions", at);
                return false;
            }

            if (!token.Is("}") && !Expect(","))
            {
                return false;
            }
        }

        Advance();
        return true;
    }

    bool Matcher(string label, int at, List<PromMatcher> into)
    {
        var op = token.Text;
        if (token.Kind != PromTokenKind.Symbol || op is not ("=" or "!=" or "=~" or "!~"))
        {
            Fail("one of = != =~ !~ is expected here", token.At);
            return false;
        }

        Advance();
        if (token.Kind != PromTokenKind.Text)
        {
            Fail("a text in quotes is expected here", token.At);
            return false;
        }

        var value = token.Text;
        var pattern = op is "=~" or "!~" ? PatternOf(value) : null;
        if (op is "=~" or "!~" && pattern is null)
        {
            Fail($"'{value}' is not a regular expression that is supported here", token.At);
            return false;
        }

        Advance();
        into.Add(new(label, value, pattern, op is "!=" or "!~"));
        return at >= 0;
    }

    /// <summary>A regular expression that has to fit the whole text; null where it is none that takes linear time.</summary>
    public static Regex? PatternOf(string text)
    {
        try
        {
            return new Regex($"\\A(?s:{text})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    PromNode? Range(PromNode of)
    {
        var at = token.At;
        Advance();
        if (Span() is not { } range)
        {
            return null;
        }

        if (range is <= 0 or > MostRangeMs)
        {
            return Fail("a range from 1ms to five years is expected", at);
        }

        if (!token.Is(":"))
        {
            return !Expect("]") ? null
                : of is SelectorNode { RangeMs: 0 } selector && selector.Shift == default ? selector with { RangeMs = range, Type = PromType.Range }
                : Fail("a range stands right behind a selector; of another expression write [5m:]", at);
        }

        Advance();
        long step = 0;
        if (!token.Is("]"))
        {
            if (Span() is not { } given)
            {
                return null;
            }

            step = given;
        }

        return !Expect("]") ? null
            : step < 0 || of.Type is not (PromType.Instant or PromType.Scalar) ? Fail("a subquery is of an instant vector, with a step that is not negative", at)
            : new SubqueryNode(of.At, of, range, step, default);
    }

    // Milliseconds of a duration or of a number of seconds.
    long? Span()
    {
        var sign = 1;
        if (token.Is("-"))
        {
            sign = -1;
            Advance();
        }

        if (token.Kind is not (PromTokenKind.Duration or PromTokenKind.Number) || !double.IsFinite(token.Value) || Math.Abs(token.Value) > 1e14)
        {
            Fail("a duration such as 5m is expected here", token.At);
            return null;
        }

        var ms = (long)(token.Kind == PromTokenKind.Duration ? token.Value : token.Value * 1000);
        Advance();
        return sign * ms;
    }

    PromNode? Shifted(PromNode node)
    {
        var at = token.At;
        var isOffset = token.IsWord("offset");
        Advance();
        var shift = node switch { SelectorNode s => s.Shift, SubqueryNode s => s.Shift, _ => (PromShift?)null };
        if (shift is not { } old)
        {
            return Fail("offset and @ stand behind selectors and subqueries alone", at);
        }

        if (isOffset)
        {
            if (Span() is not { } ms)
            {
                return null;
            }

            if (old.OffsetMs != 0 || Math.Abs(ms) > MostRangeMs)
            {
                return Fail("one offset of at most five years is expected", at);
            }

            old = old with { OffsetMs = ms };
        }
        else if (old.IsFixed || Moment() is not { } moment)
        {
            return Fail("@ is followed once by seconds since 1970, start() or end()", at);
        }
        else
        {
            old = old with { FixedMs = moment.FixedMs, Edge = moment.Edge };
        }

        return node is SelectorNode selector ? selector with { Shift = old } : (SubqueryNode)node with { Shift = old };
    }

    PromShift? Moment()
    {
        if (token.IsWord("start") || token.IsWord("end"))
        {
            var edge = token.IsWord("start") ? -1 : 1;
            Advance();
            return Expect("(") && Expect(")") ? new(0, null, edge) : null;
        }

        var sign = token.Is("-") ? -1 : 1;
        if (token.Is("-") || token.Is("+"))
        {
            Advance();
        }

        if (token.Kind != PromTokenKind.Number || !(token.Value < 1e11))
        {
            return null;
        }

        var ms = (long)(sign * token.Value * 1000);
        Advance();
        return new(0, ms, 0);
    }

    List<string>? Names()
    {
        if (!Expect("("))
        {
            return null;
        }

        var names = new List<string>();
        while (!token.Is(")"))
        {
            if (names.Count > 0 && !Expect(","))
            {
                return null;
            }

            if (token.Is(")") && names.Count > 0)
            {
                break;
            }

            if (token.Kind is not (PromTokenKind.Name or PromTokenKind.Text))
            {
                Fail("a label's name is expected here", token.At);
                return null;
            }

            names.Add(token.Text);
            Advance();
        }

        Advance();
        return names;
    }
}
