using System.Buffers.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>RFC 9110 §10.2.3, as far as it is worth waiting for: seconds. A date is taken for longer than anybody waits.</summary>
internal static class RetryAfter
{
    /// <summary>Milliseconds to wait; 0 where nothing is said; <see cref="int.MaxValue"/> for long or not understood.</summary>
    public static int Read(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return 0;
        return Utf8Parser.TryParse(value, out int seconds, out var used) && used == value.Length && seconds is >= 0 and < 1_000_000 ? seconds * 1000 : int.MaxValue;
    }
}
