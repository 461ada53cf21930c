using System.Globalization;

namespace Mainstay.Host.Cli.Output;

/// <summary>Numbers and times as people read them.</summary>
public static class Quantities
{
    /// <summary>How long ago or how long, in its largest unit, two below ten: <c>42s</c> <c>3m12s</c> <c>5h</c> <c>12d</c>.</summary>
    public static string Age(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "0s",
        { TotalMinutes: < 1 } => Text($"{(int)span.TotalSeconds}s"),
        { TotalMinutes: < 10 } => Text($"{(int)span.TotalMinutes}m{span.Seconds}s"),
        { TotalHours: < 1 } => Text($"{(int)span.TotalMinutes}m"),
        { TotalHours: < 10 } => Text($"{(int)span.TotalHours}h{span.Minutes}m"),
        { TotalDays: < 2 } => Text($"{(int)span.TotalHours}h"),
        _ => Text($"{(int)span.TotalDays}d"),
    };

    /// <summary>Time spent waiting, to a tenth of a second below a minute.</summary>
    public static string Elapsed(TimeSpan span) => span.TotalMinutes < 1 ? Text($"{Math.Max(0, span.TotalSeconds):0.0}s") : Age(span);

    public static string PerSecond(double rate) => Text($"{rate:0.0}/s");

    public static string Percent(double ratio) => Text($"{ratio * 100:0.0}%");

    public static string Milliseconds(double? ms) => ms switch
    {
        null => "-",
        < 10 => Text($"{ms:0.0}ms"),
        < 10_000 => Text($"{ms:0}ms"),
        _ => Text($"{ms / 1000:0.0}s"),
    };

    public static string Count(int number, string one, string? many = null) => Text($"{number} {(number == 1 ? one : many ?? one + "s")}");

    /// <summary>Date and time in the user's zone.</summary>
    public static string When(DateTimeOffset at, TimeProvider time) =>
        TimeZoneInfo.ConvertTime(at, time.LocalTimeZone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>Time of day in the user's zone.</summary>
    public static string Clock(DateTimeOffset at, TimeProvider time) =>
        TimeZoneInfo.ConvertTime(at, time.LocalTimeZone).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
