using System.Globalization;

namespace Mainstay.State.Requests;

/// <summary>The holder of a request that a worker has pulled: not a process, but a time until which it has it, <c>until MILLISECONDS</c>.</summary>
static class HoldMark
{
    const string Start = "until ";

    public static string Until(long ms) => Start + ms.ToString(CultureInfo.InvariantCulture);

    public static bool IsOne(string? holder) => holder?.StartsWith(Start, StringComparison.Ordinal) == true;

    /// <summary>Whether its time is not over.</summary>
    public static bool IsHeld(string holder, long nowMs) => long.TryParse(holder.AsSpan(Start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var until) && nowMs < until;
}
