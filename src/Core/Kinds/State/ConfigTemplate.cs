using System.Text;

namespace Mainstay.Core.Kinds.State;

/// <summary>A text with places for values: <c>{{key}}</c> is a key's value, <c>{{'text'}}</c> is the text, everything else stays as it is.</summary>
/// <param name="parts">In their order: text, or the key of a value.</param>
public sealed class ConfigTemplate(IReadOnlyList<(string Text, bool IsKey)> parts)
{
    /// <summary>The keys that it names, each once, in ordinal order.</summary>
    public IEnumerable<string> Keys { get; } = [.. parts.Where(p => p.IsKey).Select(p => p.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>A template of its text; where there are problems, what is wrong stands in it as it is.</summary>
    public static (ConfigTemplate Template, IReadOnlyList<Problem> Problems) Parse(string text)
    {
        List<(string, bool)> parts = [];
        List<Problem> problems = [];
        var at = 0;
        while (text.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            parts.Add((text[at..open], false));
            var isText = text.AsSpan(open + 2).StartsWith("'");
            var close = isText ? text.IndexOf("'}}", open + 3, StringComparison.Ordinal) : text.IndexOf("}}", open + 2, StringComparison.Ordinal);
            if (close < 0)
            {
                problems.Add(new("", $"the place in line {LineOf(text, open)} has no end", "close it with '}}', or write {{'{{'}} for the text"));
                return (new(parts), problems);
            }

            var inner = isText ? text[(open + 3)..close] : text[(open + 2)..close].Trim();
            if (!isText && !ConfigPublish.IsKey(inner))
            {
                problems.Add(new("", $"'{(inner.Length > 40 ? inner[..40] + "…" : inner)}' in line {LineOf(text, open)} is no key", "name a key of the name space, or write {{'{{'}} for the text"));
            }

            parts.Add((inner, !isText));
            at = close + (isText ? 3 : 2);
        }

        parts.Add((text[at..], false));
        return (new(parts), problems);
    }

    /// <summary>The text with values in their places. Every key has to have one.</summary>
    public string Fill(IReadOnlyDictionary<string, string> values)
    {
        var text = new StringBuilder();
        foreach (var (part, isKey) in parts)
        {
            text.Append(isKey ? values[part] : part);
        }

        return text.ToString();
    }

    static int LineOf(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;
}
