using System.Text;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Text with references in braces, such as <c>/products/{id}</c>; <c>{{</c> and <c>}}</c> stand for the braces themselves.</summary>
/// <param name="Parts">In their order.</param>
public sealed record JsonText(IReadOnlyList<JsonTextPart> Parts)
{
    /// <summary>The reference, where the text is nothing but one: then it stands for the value itself and not for its text.</summary>
    public JsonReference? Alone => Parts is [{ Reference: { } only }] ? only : null;

    public IEnumerable<JsonReference> References => Parts.Select(p => p.Reference).OfType<JsonReference>();

    /// <summary>The parts of a text, or what is wrong with it.</summary>
    public static (JsonText? Text, string? Wrong) Read(string text)
    {
        var parts = new List<JsonTextPart>();
        var literal = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var here = text[at];
            if (here is not ('{' or '}'))
            {
                literal.Append(here);
                continue;
            }

            if (at + 1 < text.Length && text[at + 1] == here)
            {
                literal.Append(here);
                at++;
                continue;
            }

            var end = text.IndexOf('}', at);
            if (here == '}' || end < 0)
            {
                return (null, $"'{text}' has a brace without its partner");
            }

            if (JsonReference.Read(text[(at + 1)..end]) is not { } reference)
            {
                return (null, $"'{text[at..(end + 1)]}' is not a reference");
            }

            if (literal.Length > 0)
            {
                parts.Add(new(literal.ToString(), null));
                literal.Clear();
            }

            parts.Add(new("", reference));
            at = end;
        }

        if (literal.Length > 0)
        {
            parts.Add(new(literal.ToString(), null));
        }

        return (new(parts), null);
    }
}

/// <summary>A part of a text: as it is written, or what a reference gives.</summary>
/// <param name="Literal">The text where <paramref name="Reference"/> is null.</param>
/// <param name="Reference">Null for literal text.</param>
public readonly record struct JsonTextPart(string Literal, JsonReference? Reference);

/// <summary>Where a value is found: a name, then members of maps and numbers of list items from 0, joined by points: <c>order.body.items.0.id</c>.</summary>
/// <param name="Name">What it is a part of.</param>
/// <param name="Members">The way within; may be empty.</param>
public sealed record JsonReference(string Name, IReadOnlyList<string> Members)
{
    /// <summary>The deepest way.</summary>
    public const int MostMembers = 16;

    /// <summary>Null for what is no reference.</summary>
    public static JsonReference? Read(string text)
    {
        var words = text.Split('.');
        return words.Length > MostMembers + 1 || words.Any(w => w.Length == 0 || w.AsSpan().ContainsAny("{} ")) ? null : new(words[0], words[1..]);
    }

    /// <summary>As it is written, without its braces.</summary>
    public override string ToString() => Members.Count == 0 ? Name : $"{Name}.{string.Join('.', Members)}";
}
