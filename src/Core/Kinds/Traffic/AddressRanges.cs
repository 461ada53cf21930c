using System.Net;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Lists of IP addresses and ranges of them (<c>10.0.0.7</c>, <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>) as users write them.</summary>
static class AddressRanges
{
    public static IEnumerable<Problem> Problems(string path, IReadOnlyList<string> ranges, int most)
    {
        if (ranges.Count > most)
        {
            yield return new(path, $"{ranges.Count} ranges are more than {most}", "join ranges");
        }

        foreach (var range in ranges.Take(most))
        {
            if (!IsRange(range))
            {
                yield return new(path, $"'{range}' is neither an address nor a range", "write 10.0.0.7 or 10.0.0.0/8");
            }
        }
    }

    public static bool IsRange(string text) => text.Length <= 64 && (IPAddress.TryParse(text, out _) || IPNetwork.TryParse(text, out _));
}
