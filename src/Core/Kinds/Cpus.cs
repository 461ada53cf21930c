using System.Globalization;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>A number of processors, as users write it: <c>0.5</c>, <c>2</c>, at most two decimals.</summary>
/// <param name="Hundredths">Of a processor: 0 to 1,000,000.</param>
[JsonConverter(typeof(NotationJson<Cpus>))]
public readonly record struct Cpus(int Hundredths) : INotation<Cpus>
{
    const int Most = 1_000_000;

    public static string Noun => "a number of processors";

    public static string Example => "0.5";

    public static string Pattern => @"^[0-9]+(\.[0-9]{1,2})?$";

    /// <summary>Billionths of a processor, as the Docker Engine API counts.</summary>
    public long Nano => Hundredths * 10_000_000L;

    public static bool TryParse(string? text, out Cpus value)
    {
        value = default;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number * 100 > Most || decimal.Truncate(number * 100) != number * 100)
        {
            return false;
        }

        value = new((int)(number * 100));
        return true;
    }

    public override string ToString() => (Hundredths / 100m).ToString("0.##", CultureInfo.InvariantCulture);
}
