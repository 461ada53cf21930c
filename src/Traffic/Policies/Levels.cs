using System.Buffers.Text;
using System.Text;
using Mainstay.Core.Kinds;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Levels of requests: what the business loses without one (0 to 5), and within that a number of the user (0 to 127), which changes every hour, so that
/// in overload whole users are served and not every user's half. As one number: business × 128 + user; on the wire <c>3;97</c>.
/// </summary>
internal static class Levels
{
    public const int Low = 1;
    public const int Medium = 2;
    public const int High = 3;
    public const int Critical = 4;

    /// <summary>Privileged beyond any criticality.</summary>
    public const int Highest = 5;

    public const int Users = 128;

    /// <summary>How many levels there are.</summary>
    public const int Count = (Highest + 1) * Users;

    private const long HourSeconds = 3600;

    public static int BusinessOf(Criticality criticality) => Low + (int)criticality;

    public static int Business(int level) => level / Users;

    public static int Of(int business, int user) => business * Users + user;

    /// <summary>
    /// A user's number within this hour. Each user's hour begins at a moment of its own, so that never all numbers change at once and a second's
    /// difference between two gateways' clocks concerns one user in an hour's seconds.
    /// </summary>
    public static int UserOf(ulong user, long unixSeconds)
    {
        var hour = (unixSeconds + (long)(user % HourSeconds)) / HourSeconds;
        var mixed = (user ^ ((ulong)hour * 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)(mixed >> 57);
    }

    /// <summary>Reads <c>business;user</c>; -1 for anything else.</summary>
    public static int Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 3 or > 5 || text[0] is < (byte)'0' or > (byte)('0' + Highest) || text[1] != ';') return -1;
        return Utf8Parser.TryParse(text[2..], out int user, out var used) && used == text.Length - 2 && user is >= 0 and < Users && text[2] != '+'
            ? Of(text[0] - '0', user)
            : -1;
    }

    /// <summary>Writes <c>business;user</c>; returns the bytes written, at most 5.</summary>
    public static int Write(int level, Span<byte> into)
    {
        into[0] = (byte)('0' + Business(level));
        into[1] = (byte)';';
        Utf8Formatter.TryFormat(level % Users, into[2..], out var written);
        return written + 2;
    }

    public static string Show(int level)
    {
        Span<byte> text = stackalloc byte[5];
        return Encoding.ASCII.GetString(text[..Write(level, text)]);
    }
}
