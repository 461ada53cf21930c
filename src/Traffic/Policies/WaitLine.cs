using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Who waits and who is next: by arrival, by rank, or by turns of 3:2:1. Bounded; pure, and locked by its owner.
/// </summary>
internal sealed class WaitLine
{
    /// <summary>Ranks are 0 to this.</summary>
    public const int HighestRank = 5;

    private static readonly int[] Weights = [3, 2, 1];
    private readonly QueueOrder order;
    private readonly WaitNode?[] first;
    private readonly WaitNode?[] last;
    private readonly int[] credit = new int[Weights.Length];

    public WaitLine(QueueOrder order, int most)
    {
        (this.order, Most) = (order, most);
        var classes = order switch { QueueOrder.Priority => HighestRank + 1, QueueOrder.Weighted => Weights.Length, _ => 1 };
        first = new WaitNode?[classes];
        last = new WaitNode?[classes];
    }

    public int Count { get; private set; }

    /// <summary>How many may stand in it. Those who stand in it stay when it is lowered.</summary>
    public int Most { get; set; }

    public bool IsFull => Count >= Most;

    /// <summary>Puts it at the end of its class; false where the line is full.</summary>
    /// <param name="node">Stands in no line.</param>
    /// <param name="rank">0 to <see cref="HighestRank"/>; the higher, the more important.</param>
    public bool Add(WaitNode node, int rank)
    {
        if (IsFull) return false;
        var of = ClassOf(rank);
        node.Class = of;
        node.Before = last[of];
        node.After = null;
        if (last[of] is { } end) end.After = node;
        else first[of] = node;
        last[of] = node;
        Count++;
        return true;
    }

    /// <summary>Takes who is next; null where nobody waits.</summary>
    public WaitNode? Take()
    {
        var of = order == QueueOrder.Weighted ? Turn() : Highest();
        if (of < 0) return null;
        var node = first[of]!;
        Remove(node);
        return node;
    }

    /// <summary>Takes who came last among the least important, if that is less important than this rank; only where rank decides.</summary>
    public WaitNode? Displace(int rank)
    {
        if (order != QueueOrder.Priority) return null;
        for (var of = 0; of < ClassOf(rank); of++)
        {
            if (last[of] is not { } node) continue;
            Remove(node);
            return node;
        }
        return null;
    }

    /// <summary>Takes this one out; false where it stands in no line.</summary>
    public bool Remove(WaitNode node)
    {
        var of = node.Class;
        if (of < 0) return false;
        if (node.Before is { } before) before.After = node.After;
        else first[of] = node.After;
        if (node.After is { } after) after.Before = node.Before;
        else last[of] = node.Before;
        node.Before = node.After = null;
        node.Class = -1;
        Count--;
        return true;
    }

    private int ClassOf(int rank) => order switch
    {
        QueueOrder.Priority => Math.Clamp(rank, 0, HighestRank),
        QueueOrder.Weighted => rank >= Levels.High ? 0 : rank == Levels.Medium ? 1 : 2,
        _ => 0,
    };

    private int Highest()
    {
        for (var of = first.Length - 1; of >= 0; of--)
        {
            if (first[of] is not null) return of;
        }
        return -1;
    }

    /// <summary>Smooth weighted turns: whoever waits gains its weight, the richest goes and pays for all.</summary>
    private int Turn()
    {
        var richest = -1;
        var total = 0;
        for (var of = 0; of < first.Length; of++)
        {
            if (first[of] is null)
            {
                credit[of] = 0;
                continue;
            }
            credit[of] += Weights[of];
            total += Weights[of];
            if (richest < 0 || credit[of] > credit[richest]) richest = of;
        }
        if (richest >= 0) credit[richest] -= total;
        return richest;
    }
}
