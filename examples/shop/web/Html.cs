using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Shop.Web;

/// <summary>Markup written as an interpolated string: literals are markup, every string in a hole is encoded, markup in a hole is not.</summary>
[InterpolatedStringHandler]
readonly struct Html(int literalLength, int formattedCount)
{
    static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    readonly StringBuilder text = new(literalLength + formattedCount * 16);

    public static Html None => default;

    public void AppendLiteral(string literal) => text.Append(literal);
    public void AppendFormatted(string? value) => text.Append(Encoder.Encode(value ?? ""));
    public void AppendFormatted(int value) => text.Append(value);
    public void AppendFormatted(Html markup) => text.Append(markup.text);

    public void AppendFormatted(IEnumerable<Html> parts)
    {
        foreach (var part in parts)
            text.Append(part.text);
    }

    public override string ToString() => text?.ToString() ?? "";
}
