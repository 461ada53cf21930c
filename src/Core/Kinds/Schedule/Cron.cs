using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>
/// A cron expression: five fields (minute, hour, day of month, month, day of week), six with seconds in front, or one of <c>@hourly</c> <c>@daily</c>
/// <c>@weekly</c> <c>@monthly</c> <c>@yearly</c>. Fields hold <c>*</c>, numbers, names (<c>jan</c>, <c>mon</c>), ranges, steps and lists; where both days are
/// restricted, either will do (POSIX crontab).
/// </summary>
/// <remarks>
/// Where clocks are put forward, a time that does not exist is moved by as much; where they are put back, a time that comes twice counts once, unless the
/// expression means every hour, which then simply goes on.
/// </remarks>
public sealed class Cron
{
    static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    // The longest gap between two matches is that of the 29th of February around a year like 2100.
    const int HorizonYears = 9;

    readonly ulong seconds;
    readonly ulong minutes;
    readonly ulong hours;
    readonly ulong days;
    readonly ulong months;
    readonly ulong weekdays;
    readonly bool eitherDay;
    readonly bool everyHour;

    Cron(ulong[] sets, string[] fields)
    {
        (seconds, minutes, hours, days, months, weekdays) = (sets[0], sets[1], sets[2], sets[3], sets[4], sets[5] | (sets[5] >> 7));
        eitherDay = fields[3][0] is not ('*' or '?') && fields[5][0] is not ('*' or '?');
        everyHour = fields[2][0] == '*';
    }

    /// <summary>Reads an expression; <paramref name="why"/> says what is wrong with it, empty where nothing is.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Cron? cron, out string why)
    {
        cron = null;
        string[] fields = Expand(text.Trim().ToLowerInvariant()).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 5)
        {
            fields = ["0", .. fields];
        }

        if (fields.Length != 6)
        {
            why = $"it has {fields.Length} fields instead of 5, or 6 with seconds";
            return false;
        }

        var sets = new ulong[6];
        why = "";
        for (var i = 0; i < 6 && why.Length == 0; i++)
        {
            var (name, least, most) = i switch { 0 => ("second", 0, 59), 1 => ("minute", 0, 59), 2 => ("hour", 0, 23), 3 => ("day of month", 1, 31), 4 => ("month", 1, 12), _ => ("day of week", 0, 7) };
            if (!TryField(fields[i], least, most, i == 4 ? Months : i == 5 ? Days : [], out sets[i]))
            {
                why = $"'{fields[i]}' is not a {name} ({least} to {most})";
            }
        }

        if (why.Length == 0)
        {
            cron = new(sets, fields);
            if (cron.NextLocal(new(2000, 1, 1)) is null)
            {
                (cron, why) = (null, "no such day exists");
            }
        }

        return cron is not null;
    }

    /// <summary>The first match after <paramref name="after"/> by the clocks of <paramref name="zone"/>; null where there is none within nine years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone) => everyHour ? NextSteady(after, zone) : NextByClock(after, zone);

    DateTimeOffset? NextByClock(DateTimeOffset after, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        while (NextLocal(local) is { } next)
        {
            var offset = zone.IsInvalidTime(next) ? zone.GetUtcOffset(next.AddHours(-3))
                : zone.IsAmbiguousTime(next) ? zone.GetAmbiguousTimeOffsets(next).Max()
                : zone.GetUtcOffset(next);
            var at = new DateTimeOffset(next, offset).ToUniversalTime();
            if (at > after)
            {
                return at;
            }

            local = next;
        }

        return null;
    }

    // Hour by hour in the offset of now; where the offset changes before the match, from that moment on in the new one.
    DateTimeOffset? NextSteady(DateTimeOffset after, TimeZoneInfo zone)
    {
        while (true)
        {
            var offset = zone.GetUtcOffset(after);
            if (NextLocal(after.ToOffset(offset).DateTime) is not { } next)
            {
                return null;
            }

            var at = new DateTimeOffset(next, offset).ToUniversalTime();
            if (zone.GetUtcOffset(at) == offset)
            {
                return at;
            }

            after = ChangeBetween(after, at, zone).AddTicks(-1);
            var then = zone.GetUtcOffset(after.AddTicks(1));
            if (NextLocal(after.ToOffset(then).DateTime) is { } first && new DateTimeOffset(first, then).ToUniversalTime() is var moved && zone.GetUtcOffset(moved) == then)
            {
                return moved;
            }

            after = after.AddTicks(1);
        }
    }

    // The moment, to the second, at which the offset has become another.
    static DateTimeOffset ChangeBetween(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone)
    {
        var (low, high) = (from.ToUnixTimeSeconds(), to.ToUnixTimeSeconds());
        var offset = zone.GetUtcOffset(from);
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(middle)) == offset ? (middle, high) : (low, middle);
        }

        return DateTimeOffset.FromUnixTimeSeconds(high);
    }

    DateTime? NextLocal(DateTime after)
    {
        var at = new DateTime(after.Ticks - (after.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(1);
        for (var end = at.AddYears(HorizonYears); at < end;)
        {
            if (!Has(months, at.Month))
            {
                at = new DateTime(at.Year, at.Month, 1).AddMonths(1);
            }
            else if (!IsDay(at))
            {
                at = at.Date.AddDays(1);
            }
            else if (!Has(hours, at.Hour))
            {
                at = at.Date.AddHours(at.Hour + 1);
            }
            else if (!Has(minutes, at.Minute))
            {
                at = at.Date.AddHours(at.Hour).AddMinutes(at.Minute + 1);
            }
            else if (!Has(seconds, at.Second))
            {
                at = at.AddSeconds(1);
            }
            else
            {
                return at;
            }
        }

        return null;
    }

    bool IsDay(DateTime at)
    {
        var (day, weekday) = (Has(days, at.Day), Has(weekdays, (int)at.DayOfWeek));
        return eitherDay ? day || weekday : day && weekday;
    }

    static bool Has(ulong set, int number) => (set >> number & 1) != 0;

    static string Expand(string text) => text switch
    {
        "@hourly" => "0 * * * *",
        "@daily" or "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" or "@annually" => "0 0 1 1 *",
        _ => text,
    };

    static bool TryField(string field, int least, int most, string[] names, out ulong set)
    {
        set = 0;
        foreach (var part in field.Split(','))
        {
            var slash = part.IndexOf('/', StringComparison.Ordinal);
            var (range, step) = slash < 0 ? (part, 1) : (part[..slash], TryNumber(part[(slash + 1)..], [], out var every) ? every : 0);
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            int first, last;
            if (range is "*" or "?")
            {
                (first, last) = (least, most);
            }
            else if (dash > 0)
            {
                if (!TryNumber(range[..dash], names, out first) || !TryNumber(range[(dash + 1)..], names, out last))
                {
                    return false;
                }
            }
            else if (TryNumber(range, names, out first))
            {
                last = slash < 0 ? first : most;
            }
            else
            {
                return false;
            }

            if (step < 1 || step > most || first < least || last > most || first > last)
            {
                return false;
            }

            for (var number = first; number <= last; number += step)
            {
                set |= 1UL << number;
            }
        }

        return set != 0;
    }

    static bool TryNumber(string text, string[] names, out int number)
    {
        var at = Array.IndexOf(names, text);
        number = at + (names.Length == 12 ? 1 : 0);
        return at >= 0 || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
