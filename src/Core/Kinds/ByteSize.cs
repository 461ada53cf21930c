using System.Globalization;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>A number of bytes, as users write it: <c>512</c>, <c>64Ki</c>, <c>256Mi</c>, <c>1Gi</c> (powers of 1,024), <c>10k</c>, <c>5M</c>, <c>1G</c> (powers of 1,000).</summary>
/// <param name="Bytes">0 to 2^53.</param>
[JsonConverter(typeof(NotationJson<ByteSize>))]
public readonly record struct ByteSize(long Bytes) : INotation<ByteSize>
{
    const long Most = 1L << 53;

    static readonly (string Unit, long Bytes)[] Units =
        [("Ti", 1L << 40), ("Gi", 1L << 30), ("Mi", 1L << 20), ("Ki", 1L << 10), ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)];

    public static string Noun => "a size";

    public static string Example => "256Mi";

    public static string Pattern => "^[0-9]+(Ki|Mi|Gi|Ti|k|M|G|T)?$";

    public static bool TryParse(string? text, out ByteSize value)
    {
        value = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var (digits, factor) = (text, 1L);
        foreach (var (unit, bytes) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal))
            {
                (digits, factor) = (text[..^unit.Length], bytes);
                break;
            }
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > Most / factor)
        {
            return false;
        }

        value = new(count * factor);
        return true;
    }

    public override string ToString()
    {
        var bytes = Bytes;
        var (unit, factor) = Units.Take(4).FirstOrDefault(u => bytes > 0 && bytes % u.Bytes == 0);
        return unit is null ? bytes.ToString(CultureInfo.InvariantCulture) : (bytes / factor).ToString(CultureInfo.InvariantCulture) + unit;
    }
}
