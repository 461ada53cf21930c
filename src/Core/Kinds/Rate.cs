using System.Globalization;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>So many per time, as users write it: <c>100/s</c>, <c>5/m</c>, <c>1000/h</c>, <c>20/10s</c>.</summary>
/// <param name="Count">At least 1, at most 1,000,000,000.</param>
/// <param name="Per">More than nothing, at most 30 days.</param>
[JsonConverter(typeof(NotationJson<Rate>))]
public readonly record struct Rate(long Count, TimeSpan Per) : INotation<Rate>
{
    const long Most = 1_000_000_000;

    public static string Noun => "a rate";

    public static string Example => "100/s";

    public static string Pattern => @"^[0-9]+/([0-9.]+)?(us|ms|s|m|h|d)$";

    public double PerSecond => Count / Per.TotalSeconds;

    public static bool TryParse(string? text, out Rate value)
    {
        value = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash <= 0 || !long.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > Most)
        {
            return false;
        }

        var span = text![(slash + 1)..];
        if (span.Length > 0 && char.IsAsciiLetter(span[0]))
        {
            span = "1" + span;
        }

        if (!Durations.TryParse(span, out var per) || per <= TimeSpan.Zero || per > TimeSpan.FromDays(30))
        {
            return false;
        }

        value = new(count, per);
        return true;
    }

    public override string ToString()
    {
        var per = Durations.Format(Per);
        return string.Create(CultureInfo.InvariantCulture, $"{Count}/{(per is ['1', _] or ['1', 'm', 's'] or ['1', 'u', 's'] ? per[1..] : per)}");
    }
}
