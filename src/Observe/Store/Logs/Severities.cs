using System.Globalization;

namespace Mainstay.Observe.Store.Logs;

/// <summary>Levels as the logging libraries write them, as OTLP's numbers.</summary>
static class Severities
{
    /// <summary>0 where the word is no level.</summary>
    public static int Of(string level) => level.Trim().ToLowerInvariant() switch
    {
        "trace" or "trce" or "verbose" or "vrb" or "finest" or "finer" => 1,
        "debug" or "dbug" or "dbg" or "fine" => 5,
        "information" or "info" or "inf" or "notice" or "log" or "config" => 9,
        "warning" or "warn" or "wrn" => 13,
        "error" or "err" or "fail" or "severe" or "eror" => 17,
        "critical" or "crit" or "fatal" or "ftl" or "panic" or "alert" or "emergency" or "emerg" => 21,
        var other when int.TryParse(other, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => OfNumber(number),
        _ => 0,
    };

    /// <summary>The word for a number; empty for 0.</summary>
    public static string Name(int severity) => severity switch
    {
        <= 0 => "",
        < 5 => "trace",
        < 9 => "debug",
        < 13 => "info",
        < 17 => "warn",
        < 21 => "error",
        _ => "fatal",
    };

    // Bunyan and pino count 10 to 60 by tens; OTLP from 1 to 24.
    static int OfNumber(int number) => number switch
    {
        10 => 1,
        20 => 5,
        30 => 9,
        40 => 13,
        50 => 17,
        60 => 21,
        >= 1 and <= 24 => number,
        _ => 0,
    };
}
