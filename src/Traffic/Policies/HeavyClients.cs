using System.Numerics;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Who asks for more than its part: a small sketch of how many requests each client has sent lately (count-min, never too low), halved at each
/// turn of its window, and how many clients there are. What it counts are all requests, not only those that passed: a flooder stays heavy.
/// </summary>
internal sealed class HeavyClients
{
    private const int Rows = 4;
    private const int Columns = 1024;

    /// <summary>Below this many requests in the window nobody is heavy.</summary>
    private const int Least = 20;

    private readonly int[] counts = new int[Rows * Columns];
    private readonly ulong[] seen = new ulong[Columns / 64];
    private int total;
    private double clients = 1;

    /// <summary>Counts a request; true where its client has sent more than one and a half times an equal part.</summary>
    public bool Count(ulong client)
    {
        var mixed = client * 0x9E3779B97F4A7C15;
        mixed ^= mixed >> 32;
        var count = int.MaxValue;
        for (var row = 0; row < Rows; row++)
        {
            count = Math.Min(count, ++counts[row * Columns + (int)((mixed >> (row * 10)) % Columns)]);
        }
        var bit = (int)((mixed >> 44) % Columns);
        seen[bit / 64] |= 1UL << (bit % 64);
        var sum = ++total;
        return count >= Least && count * clients > sum * 1.5;
    }

    /// <summary>The heartbeat's part, about once a second: what is old counts half.</summary>
    public void Turn()
    {
        var left = 0;
        for (var at = 0; at < counts.Length; at++)
        {
            counts[at] /= 2;
            if (at < Columns) left += counts[at];
        }
        total = left;
        var set = 0;
        foreach (var word in seen) set += BitOperations.PopCount(word);
        // Linear counting: how many clients set so many bits.
        clients = set == 0 ? 1 : set >= Columns ? Columns * 7.0 : Math.Max(1, -Columns * Math.Log(1 - (double)set / Columns));
        Array.Clear(seen);
    }
}
