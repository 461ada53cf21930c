using System.Net;

namespace Mainstay.Traffic.Policies;

/// <summary>A set of address ranges, joined and sorted once, and searched by halves: whatever their number, a look-up costs some nanoseconds.</summary>
internal sealed class IpRanges
{
    public static readonly IpRanges None = new([]);

    private readonly UInt128[] firsts;
    private readonly UInt128[] lasts;

    /// <param name="ranges">Addresses or CIDR ranges as text; what is neither is left out, since it was refused where it was declared.</param>
    public IpRanges(IEnumerable<string> ranges)
    {
        var joined = new List<(UInt128 First, UInt128 Last)>();
        foreach (var (first, last) in ranges.Select(Read).OfType<(UInt128 First, UInt128 Last)>().OrderBy(one => one.First))
        {
            if (joined.Count > 0 && first <= joined[^1].Last) joined[^1] = (joined[^1].First, UInt128.Max(joined[^1].Last, last));
            else joined.Add((first, last));
        }
        firsts = [.. joined.Select(one => one.First)];
        lasts = [.. joined.Select(one => one.Last)];
    }

    public bool IsEmpty => firsts.Length == 0;

    public bool Contains(UInt128 address)
    {
        var (low, high) = (0, firsts.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (address < firsts[middle]) high = middle - 1;
            else if (address > lasts[middle]) low = middle + 1;
            else return true;
        }
        return false;
    }

    private static (UInt128 First, UInt128 Last)? Read(string range)
    {
        if (!IPNetwork.TryParse(range, out var network))
        {
            return IPAddress.TryParse(range, out var address) ? (IpText.Of(address), IpText.Of(address)) : null;
        }
        var first = IpText.Of(network.BaseAddress);
        var bits = network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? network.PrefixLength + 96 : network.PrefixLength;
        var rest = bits == 0 ? UInt128.MaxValue : (UInt128.One << (128 - bits)) - 1;
        return (first & ~rest, first | rest);
    }
}
