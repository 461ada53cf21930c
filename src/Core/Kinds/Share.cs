using System.Globalization;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>A part of a whole, as users write it: <c>20%</c>, <c>0.5%</c>. 0% to 100%.</summary>
/// <param name="Fraction">0 to 1.</param>
[JsonConverter(typeof(NotationJson<Share>))]
public readonly record struct Share(double Fraction) : INotation<Share>
{
    public static string Noun => "a share";

    public static string Example => "20%";

    public static string Pattern => @"^[0-9]+(\.[0-9]+)?%$";

    /// <summary>From hundredths: <c>Percent(20)</c> is 20%.</summary>
    public static Share Percent(double percent) => new(percent / 100);

    public static bool TryParse(string? text, out Share value)
    {
        value = default;
        if (text is not [.., '%'] || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent > 100)
        {
            return false;
        }

        value = Percent(percent);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(Fraction * 100, 9)}%");
}
