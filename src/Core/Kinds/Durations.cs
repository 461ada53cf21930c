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

    // The longest: -10675199d2h48m5s477ms580.8us.
    const int MostText = 32;

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
            if (unit <= lastUnit || !TryTake(text[digits..letters], Units[unit].Ticks, long.MaxValue - ticks, out var more))
            {
                return false;
            }

            ticks += more;
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

        // Unsigned, because the smallest TimeSpan has no counterpart above zero.
        Span<char> text = stackalloc char[MostText];
        var at = 0;
        if (value < TimeSpan.Zero)
        {
            text[at++] = '-';
        }

        var rest = value < TimeSpan.Zero ? unchecked((ulong)-value.Ticks) : (ulong)value.Ticks;
        foreach (var (unit, ticks) in Units)
        {
            var (count, below) = Math.DivRem(rest, (ulong)ticks);
            // Below a microsecond there are only fractions of one: tenths.
            var tenths = ticks == TimeSpan.TicksPerMicrosecond ? below : 0;
            if (count > 0 || tenths > 0)
            {
                count.TryFormat(text[at..], out var written, default, CultureInfo.InvariantCulture);
                at += written;
                if (tenths > 0)
                {
                    (text[at], text[at + 1]) = ('.', (char)('0' + tenths));
                    at += 2;
                }

                unit.CopyTo(text[at..]);
                at += unit.Length;
            }

            rest = below;
        }

        return new(text[..at]);
    }

    // As a rule a whole number, which needs no decimals.
    static bool TryTake(ReadOnlySpan<char> number, long unit, long most, out long ticks)
    {
        ticks = 0;
        if (long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var whole) && whole <= most / unit)
        {
            ticks = whole * unit;
            return true;
        }

        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var exact) || exact > (decimal)most / unit)
        {
            return false;
        }

        ticks = (long)(exact * unit);
        return true;
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
