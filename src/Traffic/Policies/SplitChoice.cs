using System.Numerics;
using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Which part of a split a user belongs to: weighted rendezvous hashing. Each part scores for each user by itself, so that a part that grows takes users from others
/// and none moves between the others, and a part that is new or gone moves only its own.
/// </summary>
internal sealed class SplitChoice
{
    private readonly ulong[] seeds;
    private readonly double[] weights;

    /// <param name="name">The split's name: the same user falls differently in another one.</param>
    /// <param name="parts">Its parts.</param>
    public SplitChoice(string name, IReadOnlyList<SplitPart> parts)
    {
        seeds = [.. parts.Select(part => HashOf(Encoding.UTF8.GetBytes($"{name}\n{part.Key}")))];
        weights = [.. parts.Select(part => (double)part.Portion)];
    }

    /// <summary>The part of a user (<see cref="HashOf"/> of his key, or chance); -1 where no part has weight.</summary>
    public int Of(ulong user)
    {
        var (best, bestScore) = (-1, 0.0);
        for (var index = 0; index < seeds.Length; index++)
        {
            if (weights[index] == 0) continue;
            // Uniform in (0, 1), and so -w / ln(u) is the score by which each part wins in proportion to its weight.
            var uniform = ((Mix(user ^ seeds[index]) >> 11) + 0.5) / (1UL << 53);
            var score = -weights[index] / Math.Log(uniform);
            if (best >= 0 && score <= bestScore) continue;
            (best, bestScore) = (index, score);
        }
        return best;
    }

    public static ulong HashOf(ReadOnlySpan<byte> key)
    {
        var hash = 0xCBF29CE484222325UL ^ (ulong)key.Length;
        foreach (var one in key) hash = BitOperations.RotateLeft((hash ^ one) * 0x9FB21C651E98DF25, 23);
        return Mix(hash);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
