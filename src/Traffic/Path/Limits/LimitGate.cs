using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>What the gates of all limits share: who is privileged, who asks for too much, the switch, and the dry run.</summary>
internal abstract class LimitGate : Gate
{
    private readonly Intervention[] switches;
    private readonly PrivilegedCheck? privileged;
    private readonly HeavyClients? heavy;
    private readonly LimitWatch watch;

    protected LimitGate(string name, LimitWatch watch, TargetPlace place, HeavyClients? heavy)
        : base(name)
    {
        this.watch = watch;
        this.heavy = heavy;
        switches = [.. Interventions.Of(place.Model, place.About, place.Cluster.Service).Where(one => one.Limits is not null)];
        privileged = watch.Spec.Privileged is { } spec ? new PrivilegedCheck(spec, place) : null;
    }

    public override bool IsShedding => watch.IsLimiting;

    /// <summary>Whether it limits now; an intervention that holds has the last word.</summary>
    protected LimitSwitch Mode(Exchange x)
    {
        foreach (var one in switches)
        {
            if (one.Holds(x.Connection.Gateway.Clock)) return one.Limits!.Value;
        }
        return watch.Spec.DryRun ? LimitSwitch.DryRun : LimitSwitch.On;
    }

    /// <summary>How much of a limit has to remain behind this request: nothing for the privileged, their part for others, and a little more for who asks for too much.</summary>
    protected int Keep(Exchange x, int most, bool counts = true)
    {
        if (privileged?.Is(x) == true) return 0;
        var keep = Reserve(most);
        // A twentieth is enough: the others come in when it is free, the heavy only when more is.
        return counts && heavy is not null && heavy.Count(ClientKey.Of(x)) && most >= 10 ? keep + Math.Max(1, most / 20) : keep;
    }

    /// <summary>What is kept for the privileged.</summary>
    protected int Reserve(int most) =>
        watch.Spec.Privileged is { } spec ? Math.Min((int)Math.Ceiling(most * spec.Share.Fraction), Math.Max(most - 1, 0)) : 0;

    /// <summary>Turns a request away, or lets it pass where only counted.</summary>
    protected Verdict Refuse(Exchange x, LimitSwitch mode, Reason reason)
    {
        if (mode == LimitSwitch.DryRun)
        {
            watch.CountWaved();
            return Verdict.Pass;
        }
        watch.CountRefused();
        x.Reason = reason;
        return Verdict.Refuse;
    }

    protected static Opinion Off { get; } = new(Verdict.Pass, "switched off");

    protected static Opinion Say(LimitSwitch mode, bool passes, string why, Reason reason) =>
        new(passes || mode == LimitSwitch.DryRun ? Verdict.Pass : Verdict.Refuse, mode == LimitSwitch.DryRun && !passes ? $"{why} (a dry run)" : why, passes || mode == LimitSwitch.DryRun ? Reason.None : reason);
}
