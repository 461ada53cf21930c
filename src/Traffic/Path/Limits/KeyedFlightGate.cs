using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A limit of requests under way per client, header or caller.</summary>
internal sealed class KeyedFlightGate(string name, KeyedFlightWatch watch, TargetPlace place) : LimitGate(name, watch, place, null)
{
    private readonly KeyedFlightWatch watch = watch;
    private readonly LimitKeyReader key = new(watch.Spec.Per, place);
    private readonly int most = watch.Spec.Limit!.Value;

    public override Verdict Enter(Exchange x, int slot)
    {
        x.Slots[slot] = 0;
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Verdict.Pass;
        var at = watch.Flight.TryEnter(key.Of(x), most - Keep(x, most));
        if (at < 0)
        {
            if (mode == LimitSwitch.On) x.Added.Add("Retry-After"u8, 1);
            return Refuse(x, mode, Reason.ConcurrencyLimited);
        }
        x.Slots[slot] = at + 1;
        watch.CountAdmitted();
        return Verdict.Pass;
    }

    public override void Leave(Exchange x, int slot)
    {
        if (x.Slots[slot] == 0) return;
        watch.Flight.Leave((int)x.Slots[slot] - 1);
        x.Slots[slot] = 0;
    }

    public override Opinion Peek(Exchange x)
    {
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Off;
        var current = watch.Flight.Of(key.Of(x));
        return Say(mode, current < most - Keep(x, most, counts: false), string.Create(CultureInfo.InvariantCulture, $"{current} of {most} under way for this {watch.Spec.Per}"), Reason.ConcurrencyLimited);
    }
}

/// <summary>What a limit of requests under way per key remembers.</summary>
internal sealed class KeyedFlightWatch(string about, string name, LimitSpec spec, NoticeBoard? board) : LimitWatch(about, name, spec, board)
{
    public KeyedFlight Flight { get; } = new(spec.Keys ?? 65_536);

    protected override string Explain(long nowMs) => $"more than {Spec.Limit} under way per {Spec.Per}";

    protected override string Tell(long nowMs, Dictionary<string, double> numbers)
    {
        numbers["limit"] = Spec.Limit!.Value;
        numbers["inFlight"] = Flight.Current;
        return "";
    }
}
