using System.Text;
using System.Text.RegularExpressions;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>Reads the text of one selector.</summary>
sealed class SelectorParser(string text)
{
    int at;

    public string Wrong { get; private set; } = "";

    public MetricSelector? Selector()
    {
        Space();
        var name = Word();
        Space();
        var selector = new MetricSelector(name.Length == 0 ? null : name);
        if (at < text.Length && text[at] == '{')
        {
            at++;
            if (!TakeConditions(selector.Conditions))
            {
                return null;
            }
        }

        Space();
        if (at < text.Length)
        {
            return Fail($"'{text[at]}' is not expected here");
        }

        return selector is { Name: null, Conditions.Count: 0 } ? Fail("it selects everything; name a metric") : selector;
    }

    bool TakeConditions(List<MetricSelector.Condition> into)
    {
        while (true)
        {
            Space();
            if (Take('}'))
            {
                return true;
            }

            if (into.Count >= MetricSelector.MostConditions)
            {
                return Refuse($"more than {MetricSelector.MostConditions} conditions");
            }

            var label = Word();
            Space();
            var op = Operator();
            Space();
            if (label.Length == 0 || op is null || Quoted() is not { } value)
            {
                return Refuse("a condition such as label=\"value\" is expected");
            }

            if (Compile(label, op, value) is not { } condition)
            {
                return false;
            }

            into.Add(condition);
            Space();
            if (!Take(',') && (at >= text.Length || text[at] != '}'))
            {
                return Refuse("',' or '}' is expected");
            }
        }
    }

    MetricSelector.Condition? Compile(string label, string op, string value)
    {
        if (op is "=" or "!=")
        {
            return new MetricSelector.Condition(label, value, null, op == "!=");
        }

        try
        {
            return new MetricSelector.Condition(label, value, new Regex($"^(?:{value})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), op == "!~");
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            Fail($"'{value}' is not a regular expression that is supported here");
            return null;
        }
    }

    string Word()
    {
        var start = at;
        while (at < text.Length && MetricSelector.IsName(text[at]))
        {
            at++;
        }

        return text[start..at];
    }

    string? Operator()
    {
        foreach (var op in (string[])["=~", "!~", "!=", "="])
        {
            if (string.CompareOrdinal(text, at, op, 0, op.Length) == 0)
            {
                at += op.Length;
                return op;
            }
        }

        return null;
    }

    string? Quoted()
    {
        if (at >= text.Length || text[at] is not ('"' or '\''))
        {
            return null;
        }

        var quote = text[at++];
        var value = new StringBuilder();
        for (; at < text.Length; at++)
        {
            if (text[at] == quote)
            {
                at++;
                return value.ToString();
            }

            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '\\' or '"' or '\'')
            {
                at++;
            }

            value.Append(text[at]);
        }

        return null;
    }

    bool Take(char c)
    {
        if (at < text.Length && text[at] == c)
        {
            at++;
            return true;
        }

        return false;
    }

    void Space()
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\n' or '\r')
        {
            at++;
        }
    }

    bool Refuse(string what)
    {
        Fail(what);
        return false;
    }

    MetricSelector? Fail(string what)
    {
        Wrong = $"{what} (character {at + 1})";
        return null;
    }
}
