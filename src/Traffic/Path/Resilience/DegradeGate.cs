using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The switchboard of one target: answers in a lesser way for as long as somebody has thrown one of its degradations.</summary>
/// <param name="thrown">Interventions that name one which is declared, the nearest and newest first.</param>
/// <param name="off">What answers where the function is turned off.</param>
internal sealed class DegradeGate(Intervention[] thrown, IAnswer? off) : Gate("degrade")
{
    public override Verdict Enter(Exchange x, int slot)
    {
        if (Thrown(x) is not { } one) return Verdict.Pass;
        if (one.Degrade == DegradeSpec.OffName)
        {
            x.Added.Add("X-Mainstay-Reason"u8, "degraded"u8);
            x.Answer = off;
            return Verdict.Answer;
        }
        x.Reason = Reason.Degraded;
        return Verdict.Refuse;
    }

    public override Opinion Peek(Exchange x)
    {
        if (Thrown(x) is not { } one) return new(Verdict.Pass, "nothing is thrown");
        x.Reason = Reason.Degraded;
        return new(one.Degrade == DegradeSpec.OffName ? Verdict.Answer : Verdict.Refuse, $"'{one.Degrade}' is thrown: {one.Reason}");
    }

    private Intervention? Thrown(Exchange x)
    {
        foreach (var one in thrown)
        {
            if (one.Holds(x.Connection.Gateway.Clock)) return one;
        }
        return null;
    }
}
