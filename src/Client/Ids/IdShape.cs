using System.Globalization;

namespace Mainstay.Client.Ids;

/// <summary>
/// How an id is made up: 40 bits of milliseconds since 2025-01-01 UTC (until 2059), 10 bits of the worker that made it, 13 bits that tell the ids of one millisecond apart. The top bit is 0, so
/// that ids are positive and their order as numbers is the order of time. Read aloud and in URLs it is 13 digits of Crockford's base 32, whose order as text is the same.
/// </summary>
public static class IdShape
{
    /// <summary>Bits that tell the ids of one worker and millisecond apart.</summary>
    public const int SequenceBits = 13;

    /// <summary>Bits of the worker's number.</summary>
    public const int WorkerBits = 10;

    /// <summary>How many workers there can be at the same time.</summary>
    public const int Workers = 1 << WorkerBits;

    /// <summary>Characters of an id as text.</summary>
    public const int TextLength = 13;

    const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const int TimeBits = 40;

    /// <summary>The moment of the first id.</summary>
    public static DateTimeOffset Epoch { get; } = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The last millisecond that ids can have, since <see cref="Epoch"/>.</summary>
    public static long LastMs => (1L << TimeBits) - 1;

    /// <summary>The parts of an id.</summary>
    /// <param name="id">Not negative.</param>
    public static (DateTimeOffset At, int Worker, int Sequence) Parts(long id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return (Epoch.AddMilliseconds(id >> (SequenceBits + WorkerBits)), (int)(id >> SequenceBits) & (Workers - 1), (int)id & ((1 << SequenceBits) - 1));
    }

    /// <summary>13 digits, in the order of time.</summary>
    /// <param name="id">Not negative.</param>
    public static string Format(long id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return string.Create(TextLength, id, static (text, left) =>
        {
            for (var at = text.Length - 1; at >= 0; at--, left >>= 5)
            {
                text[at] = Digits[(int)left & 31];
            }
        });
    }

    /// <summary>Reads 13 digits (small letters, and O, I, L for 0 and 1, as Crockford reads them) or a decimal number.</summary>
    public static bool TryParse(string? text, out long id)
    {
        id = 0;
        if (text is not { Length: TextLength })
        {
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);
        }

        foreach (var letter in text)
        {
            var digit = Digits.IndexOf(char.ToUpperInvariant(letter) switch { 'O' => '0', 'I' or 'L' => '1', var other => other }, StringComparison.Ordinal);
            if (digit < 0 || id >> 58 != 0)
            {
                id = 0;
                return false;
            }

            id = (id << 5) | (long)digit;
        }

        return true;
    }

    internal static long Make(long position, int worker) =>
        ((position >> SequenceBits) << (SequenceBits + WorkerBits)) | ((long)worker << SequenceBits) | (position & ((1 << SequenceBits) - 1));
}
