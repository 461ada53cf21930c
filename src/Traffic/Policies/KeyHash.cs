using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>Hashes of keys that are the same in every process: FNV-1a with SplitMix64's finish. Not against adversaries; bounded load is.</summary>
internal static class KeyHash
{
    public static ulong Of(ReadOnlySpan<byte> key)
    {
        var hash = 14695981039346656037UL;
        foreach (var one in key) hash = (hash ^ one) * 1099511628211UL;
        return Mix(hash);
    }

    public static ulong Of(string key) => Of(Encoding.UTF8.GetBytes(key));

    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
