using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Disturbs requests on purpose, as interventions say: the first of them that holds and draws a request has it.</summary>
internal sealed class FaultGate(Intervention[] faults) : Gate("faults")
{
    // Between two looks at a client that may have left.
    private const long LookMs = 1000;
    private readonly IAnswer?[] answers = [.. faults.Select(AnswerOf)];

    public override Verdict Enter(Exchange x, int slot)
    {
        for (var index = 0; index < faults.Length; index++)
        {
            var fault = faults[index].Fault!;
            if (!faults[index].Holds(x.Connection.Gateway.Clock) || x.Dice.Share() >= fault.Percent.Fraction) continue;
            x.Slots[slot] = index;
            return fault.Delay is null ? Disturb(x, index) : Verdict.Wait;
        }
        return Verdict.Pass;
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        var index = (int)x.Slots[slot];
        for (var leftMs = (long)faults[index].Fault!.Delay!.Value.TotalMilliseconds; leftMs > 0; leftMs -= LookMs)
        {
            await x.Connection.Gateway.Naps.ForAsync(Math.Min(leftMs, LookMs));
            if (x.Client.IsEnded)
            {
                x.Reason = Reason.ClientAborted;
                return Verdict.Refuse;
            }
            if (x.Connection.Gateway.IsDraining) break;
        }
        return Disturb(x, index);
    }

    public override Opinion Peek(Exchange x)
    {
        var told = faults.Where(one => one.Holds(x.Connection.Gateway.Clock)).Select(one => $"{one.Fault!.Percent} of the requests{Words(one.Fault!)}: {one.Reason}").ToList();
        return new(Verdict.Pass, told.Count == 0 ? "none holds" : string.Join("; ", told));
    }

    private static string Words(FaultSpec fault) =>
        (fault.Delay is { } delay ? $" are delayed by {Mainstay.Core.Kinds.Durations.Format(delay)}" : "")
        + (fault.Abort is { } status ? $" get {status}" : "") + (fault.Reset ? " are reset" : "") + (fault.Bandwidth is { } pace ? $" get {pace} a second" : "");

    private static IAnswer? AnswerOf(Intervention one) => one.Fault?.Abort is not { } status ? null : new FixedAnswer(
        status, "application/problem+json",
        $$"""{"type":"about:blank","title":"{{System.Text.Encoding.ASCII.GetString(Phrases.Of(status))}}","status":{{status}},"reason":"fault-injected","detail":"Disturbed on purpose."}""");

    private Verdict Disturb(Exchange x, int index)
    {
        var fault = faults[index].Fault!;
        x.Pace = fault.Bandwidth?.Bytes ?? 0;
        if (fault.Reset)
        {
            x.Reason = Reason.FaultInjected;
            return Verdict.Refuse;
        }
        if (answers[index] is not { } answer) return Verdict.Pass;
        x.Added.Add("X-Mainstay-Reason"u8, "fault-injected"u8);
        x.Answer = answer;
        return Verdict.Answer;
    }
}
