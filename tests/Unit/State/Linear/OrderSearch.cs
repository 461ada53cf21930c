namespace Mainstay.Tests.State.Linear;

/// <summary>The search for an order of the operations on one register.</summary>
sealed class OrderSearch(IReadOnlyList<Step> steps)
{
    readonly HistoryNode head = Link(steps);
    readonly HashSet<Configuration> seen = [];
    readonly ulong[] done = new ulong[(steps.Count + 63) / 64];
    readonly Stack<(HistoryNode Call, long Before)> taken = new();
    int answered = steps.Count(s => s.Ended is not null);
    long value;

    public bool Run()
    {
        var at = head.Next;
        while (answered > 0)
        {
            if (at is { IsCall: true })
            {
                at = TryTake(at) ? head.Next : at.Next;
            }
            else if (taken.TryPop(out var last))
            {
                // An answer came before its operation found a place: the last choice was wrong.
                GiveBack(last.Call, last.Before);
                at = last.Call.Next;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    bool TryTake(HistoryNode call)
    {
        if (Apply(steps[call.Index], value) is not { } after)
            return false;
        Flip(call.Index);
        if (!seen.Add(new Configuration([.. done], after)))
        {
            Flip(call.Index);
            return false;
        }

        taken.Push((call, value));
        value = after;
        answered -= steps[call.Index].Ended is null ? 0 : 1;
        call.Lift();
        return true;
    }

    void GiveBack(HistoryNode call, long before)
    {
        Flip(call.Index);
        value = before;
        answered += steps[call.Index].Ended is null ? 0 : 1;
        call.Return();
    }

    void Flip(int index) => done[index / 64] ^= 1UL << (index % 64);

    // The value after an operation; null where its answer is not right here.
    static long? Apply(Step step, long value) => step.Did switch
    {
        Did.Read => step.To == value ? value : null,
        Did.Write => step.To,
        Did.Refused => step.From != value ? value : null,
        _ when step.From == value => step.To,
        // Without an answer it may as well have been refused.
        _ => step.Ended is null ? value : null,
    };

    static HistoryNode Link(IReadOnlyList<Step> steps)
    {
        var events = new List<(long At, int Order, HistoryNode HistoryNode)>();
        for (var i = 0; i < steps.Count; i++)
        {
            var call = new HistoryNode(i, isCall: true);
            var answer = new HistoryNode(i, isCall: false);
            call.Answer = answer;
            // At the same moment, calls come first: then the two overlap.
            events.Add((steps[i].Begun, 0, call));
            events.Add((steps[i].Ended ?? long.MaxValue, 1, answer));
        }

        var head = new HistoryNode(-1, isCall: false);
        var last = head;
        foreach (var (_, _, node) in events.OrderBy(e => e.At).ThenBy(e => e.Order))
        {
            (last.Next, node.Before) = (node, last);
            last = node;
        }

        return head;
    }
}
