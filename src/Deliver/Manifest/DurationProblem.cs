using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>Says what is wrong with a duration and, where it can be guessed, how it is to be written.</summary>
static class DurationProblem
{
    static readonly (string Unit, string[] Words)[] Units =
    [
        ("us", ["us", "µs", "usec", "micros", "microsecond", "microseconds"]),
        ("ms", ["ms", "msec", "msecs", "millis", "millisecond", "milliseconds"]),
        ("s", ["s", "sec", "secs", "second", "seconds"]),
        ("m", ["m", "min", "mins", "minute", "minutes"]),
        ("h", ["h", "hr", "hrs", "hour", "hours"]),
        ("d", ["d", "day", "days"]),
    ];

    public static Problem Of(string text)
    {
        var shown = Words.Shown(text);
        var trimmed = text.Trim();
        var letters = Array.FindIndex([.. trimmed.Take(40)], c => !char.IsAsciiDigit(c) && c != '.');
        if (trimmed.Length is > 0 and <= 40 && letters < 0)
        {
            return new("", $"{shown} has no unit", $"write {shown}ms or {shown}s");
        }

        if (letters > 0)
        {
            var number = trimmed[..letters];
            var word = trimmed[letters..].Trim();
            if (word is ['k' or 'K' or 'M' or 'G' or 'T', ..] and [.., 'B' or 'b' or 'i'])
            {
                return new("", $"'{shown}' is a size, not a duration", "write a number with a unit, for example 500ms or 10s");
            }

            var unit = Array.Find(Units, u => u.Words.Contains(word, StringComparer.OrdinalIgnoreCase)).Unit;
            if (unit is not null && Durations.TryParse(number + unit, out _))
            {
                return new("", $"'{shown}' is not how durations are written", $"write {number}{unit}");
            }
        }

        return new("", $"'{shown}' is not a duration", "write a number with a unit (us, ms, s, m, h, d), for example 500ms, 10s or 1h30m");
    }
}
