using System.Globalization;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// When a slow read is asked for a second time, of another instance; the first good answer is taken and the other request is given up. Only GET, HEAD and OPTIONS without
/// a body, once per request, within the budget of <c>retry</c>, and not while a breaker or limit on the way keeps requests away.
/// </summary>
[PlainValueIs(nameof(After))]
public sealed record HedgeSpec
{
    /// <summary>The longest delay.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>How long a response's headers may take before: a time (<c>50ms</c>), or what so many of the latest first requests took at the most (<c>p95</c>). Default p95; 1ms to 10s, p50 to p99.</summary>
    public HedgeAfter After { get; init; } = HedgeAfter.Percentile(95);

    /// <summary>Never sooner, where it is measured. Default 5ms; 1ms to 10s.</summary>
    public TimeSpan AtLeast { get; init; } = TimeSpan.FromMilliseconds(5);

    public IEnumerable<Problem> Validate() =>
        (After.Time is { } time ? Limits.Between("after", time, TimeSpan.FromMilliseconds(1), Longest) : [])
        .Concat(Limits.Between("atLeast", AtLeast, TimeSpan.FromMilliseconds(1), Longest));
}

/// <summary>A time, or a percentile of what was measured: <c>50ms</c>, <c>p95</c>.</summary>
/// <param name="Time">Null where it is measured.</param>
/// <param name="Percent">50 to 99 where it is measured.</param>
[JsonConverter(typeof(NotationJson<HedgeAfter>))]
public readonly record struct HedgeAfter(TimeSpan? Time, int Percent) : INotation<HedgeAfter>
{
    public static string Noun => "a delay";

    public static string Example => "p95";

    public static string Pattern => @"^(p[5-9][0-9]|(?=.)([0-9.]+s)?([0-9.]+ms)?)$";

    /// <summary>What so many of a hundred took at the most.</summary>
    public static HedgeAfter Percentile(int percent) => new(null, percent);

    public static bool TryParse(string? text, out HedgeAfter value)
    {
        value = default;
        if (text is ['p', .. var digits])
        {
            if (digits.Length != 2 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) || percent < 50)
            {
                return false;
            }

            value = Percentile(percent);
            return true;
        }

        if (!Durations.TryParse(text, out var time))
        {
            return false;
        }

        value = new(time, 0);
        return true;
    }

    public override string ToString() => Time is { } time ? Durations.Format(time) : string.Create(CultureInfo.InvariantCulture, $"p{Percent}");
}
