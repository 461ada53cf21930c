namespace Mainstay.Traffic.Path;

/// <summary>
/// One policy of a target, between match and forward: a guard, a limit, a breaker, an answer of our own. A target has them in the order in
/// which requests pass them; what a gate keeps about one request lies in the exchange's slot of that gate.
/// </summary>
/// <remarks>
/// Enter and Leave run on the path: they allocate nothing, take no lock that is held across a wait, and read the time from
/// <see cref="Exchange.NowMs"/>. Every gate whose Enter or WaitAsync gave <see cref="Verdict.Pass"/> or <see cref="Verdict.Answer"/> is left exactly once.
/// </remarks>
/// <param name="name">For people and reports, unique within the target: <c>limit-1</c>, <c>breaker</c>.</param>
internal abstract class Gate(string name)
{
    public string Name { get; } = name;

    /// <summary>Decides about a request. A gate that refuses has set <see cref="Exchange.Reason"/>, one that answers <see cref="Exchange.Answer"/>.</summary>
    public abstract Verdict Enter(Exchange x, int slot);

    /// <summary>Called after <see cref="Verdict.Wait"/>: returns once the wait is over, with any verdict but that.</summary>
    public virtual ValueTask<Verdict> WaitAsync(Exchange x, int slot) => new(Verdict.Pass);

    /// <summary>The request is over: <see cref="Exchange.Status"/> and <see cref="Exchange.Reason"/> say how.</summary>
    public virtual void Leave(Exchange x, int slot)
    {
    }

    /// <summary>It turns requests away these days: nothing is sent that could be left out.</summary>
    public virtual bool IsShedding => false;

    /// <summary>What it would say to a request now, and why, without any effect. Not on the path: it may allocate.</summary>
    public abstract Opinion Peek(Exchange x);
}

/// <summary>What a gate says to a request.</summary>
internal enum Verdict
{
    /// <summary>It goes on.</summary>
    Pass,

    /// <summary>It has to wait first.</summary>
    Wait,

    /// <summary>It is answered here.</summary>
    Answer,

    /// <summary>It is turned away.</summary>
    Refuse,
}

/// <summary>What a gate would say, in words.</summary>
/// <param name="Verdict">What would happen.</param>
/// <param name="Why">For people: <c>37 of 100 tokens left for client 10.0.0.7</c>.</param>
/// <param name="Reason">What a request that is turned away would be told.</param>
/// <param name="Status">The status of an answer; 0 where it is not known before.</param>
internal readonly record struct Opinion(Verdict Verdict, string Why, Reason Reason = Reason.None, int Status = 0)
{
    /// <summary>A request that would be turned away.</summary>
    public static Opinion Refused(Reason reason, string why) => new(Verdict.Refuse, why, reason);
}

/// <summary>An answer that the gateway gives itself.</summary>
internal interface IAnswer
{
    /// <summary>Sends the whole of it, and has set <see cref="Exchange.Status"/>. False when it was cut short: then <see cref="Exchange.Reason"/> says why.</summary>
    ValueTask<bool> SendAsync(Exchange x);
}

/// <summary>The station that leads a request past its target's gates.</summary>
internal static class Admit
{
    /// <summary>Enters gate after gate until one has something else to say than to pass. After a wait it is called again.</summary>
    public static Verdict Enter(Exchange x)
    {
        var gates = x.Target!.Gates;
        while (x.Entered < gates.Length)
        {
            var verdict = gates[x.Entered].Enter(x, x.Entered);
            if (verdict is Verdict.Wait or Verdict.Refuse) return verdict;
            x.Entered++;
            if (verdict == Verdict.Answer) return verdict;
        }
        return Verdict.Pass;
    }

    /// <summary>Waits at the gate that asked for it, and goes on.</summary>
    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<Verdict> WaitAsync(Exchange x)
    {
        var verdict = Verdict.Wait;
        while (verdict == Verdict.Wait)
        {
            verdict = await x.Target!.Gates[x.Entered].WaitAsync(x, x.Entered);
            if (verdict == Verdict.Refuse) return verdict;
            x.Entered++;
            if (verdict == Verdict.Pass) verdict = Enter(x);
        }
        return verdict;
    }

    /// <summary>Leaves what was entered, the last first.</summary>
    public static void Leave(Exchange x)
    {
        while (x.Entered > x.FirstGate)
        {
            x.Entered--;
            x.Target!.Gates[x.Entered].Leave(x, x.Entered);
        }
    }
}
