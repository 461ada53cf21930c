using System.Text;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The switchboard of one target: answers in a lesser way for as long as somebody has thrown some of its degradations.</summary>
/// <param name="board">What is declared and what is thrown.</param>
/// <param name="off">What answers where the function is turned off.</param>
/// <param name="minimal">The path of the lesser variant.</param>
/// <param name="isOptional">Its caller does without it.</param>
internal sealed class DegradeGate(DegradeBoard board, FixedAnswer? off, CompiledText? minimal, bool isOptional) : Gate("degrade")
{
    private readonly Intervention[] thrown = board.Thrown;
    private readonly byte[][] names = [.. board.Thrown.Select(one => Encoding.ASCII.GetBytes(one.Degrade!))];

    public override Verdict Enter(Exchange x, int slot)
    {
        var clock = x.Connection.Gateway.Clock;
        for (var index = 0; index < thrown.Length; index++)
        {
            var one = thrown[index];
            if (!one.Holds(clock)) continue;
            board.Count();
            switch (one.Degrade)
            {
                case DegradeSpec.OffName:
                    x.Added.Add("X-Mainstay-Reason"u8, "degraded"u8);
                    x.Answer = off;
                    return Verdict.Answer;
                case DegradeSpec.ServeStaleName:
                    x.StaleMs = board.StaleMs;
                    break;
                case DegradeSpec.MinimalName:
                    x.Lesser = minimal;
                    break;
                case DegradeSpec.DropOptionalName when !isOptional:
                    x.DropsOptional = true;
                    break;
                default:
                    x.Reason = Reason.Degraded;
                    return Verdict.Refuse;
            }
            x.Added.Add("X-Mainstay-Degraded"u8, names[index]);
        }
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x)
    {
        var said = new List<string>();
        foreach (var one in thrown)
        {
            if (!one.Holds(x.Connection.Gateway.Clock)) continue;
            said.Add($"'{one.Degrade}' is thrown: {one.Reason}");
            if (one.Degrade is DegradeSpec.ServeStaleName) x.StaleMs = board.StaleMs;
            if (one.Degrade is DegradeSpec.ServeStaleName or DegradeSpec.MinimalName || (one.Degrade == DegradeSpec.DropOptionalName && !isOptional)) continue;
            return new(one.Degrade == DegradeSpec.OffName ? Verdict.Answer : Verdict.Refuse, string.Join("; ", said), Reason.Degraded, one.Degrade == DegradeSpec.OffName ? off!.Status : 0);
        }
        return new(Verdict.Pass, said.Count == 0 ? "nothing is thrown" : string.Join("; ", said));
    }
}
