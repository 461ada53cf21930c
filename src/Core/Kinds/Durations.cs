using System.Globalization;

namespace Mainstay.Core.Kinds;

/// <summary>Durations as users write them: one or more of number and unit, from large to small, without spaces: <c>500ms</c> <c>10s</c> <c>1h30m</c> <c>7d</c>.</summary>
public static class Durations
{
    static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond), ("us", TimeSpan.TicksPerMicrosecond),
    ];

    /// <summary>Reads a duration; false for anything else, a bare number included (only <c>0</c> needs no unit).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text is "0")
        {
            return true;
        }

        long ticks = 0;
        var lastUnit = -1;
        var at = 0;
        while (at < text.Length)
        {
            var digits = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            var letters = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            var unit = IndexOf(text[letters..at]);
            if (unit <= lastUnit
                || !decimal.TryParse(text[digits..letters], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number > (decimal)(long.MaxValue - ticks) / Units[unit].Ticks)
            {
                return false;
            }

            ticks += (long)(number * Units[unit].Ticks);
            lastUnit = unit;
        }

        value = new TimeSpan(ticks);
        return text.Length > 0;
    }

    /// <summary>The shortest exact notation: <c>1h30m</c>, <c>500ms</c>; zero is <c>0s</c>, parts of a microsecond are decimals.</summary>
    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
        {
            return "0s";
        }

        // Decimal, because the smallest TimeSpan has no counterpart above zero.
        var text = value < TimeSpan.Zero ? "-" : "";
        var rest = Math.Abs((decimal)value.Ticks);
        foreach (var (unit, ticks) in Units)
        {
            // Below a microsecond there are only fractions of one.
            var count = unit == Units[^1].Unit ? rest / ticks : decimal.Floor(rest / ticks);
            if (count > 0)
            {
                text += string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
                rest -= count * ticks;
            }
        }

        return text;
    }

    static int IndexOf(ReadOnlySpan<char> unit)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (unit.SequenceEqual(Units[i].Unit))
            {
                return i;
            }
        }

        return -1;
    }
}
