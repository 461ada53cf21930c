using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A steady stream of requests; those that come too early wait.</summary>
internal sealed class LeakyGate(string name, LeakyWatch watch, TargetPlace place, LevelAdmission? levels)
    : WaitingGate(name, watch, place, watch.Queue, watch.Heavy, levels)
{
    private readonly LeakyWatch watch = watch;

    protected override int Most => 0;

    protected override long Mark(Exchange x) => Nothing;

    public override Verdict Enter(Exchange x, int slot)
    {
        var queue = watch.Queue;
        if (queue.Waiting > 0) queue.Pump(x.Connection.Gateway.Clock.MicrosOf(x.StartedAt));
        return base.Enter(x, slot);
    }

    public override Opinion Peek(Exchange x)
    {
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Off;
        var queue = watch.Queue;
        var wait = queue.WaitNs(x.Connection.Gateway.Clock.Micros) + queue.Waiting * queue.GapNs;
        if (wait == 0) return new Opinion(Verdict.Pass, $"leaves at once ({watch.Spec.Rate})");
        return new Opinion(Verdict.Wait, string.Create(CultureInfo.InvariantCulture, $"{queue.Waiting} wait ahead, for about {Durations.Format(TimeSpan.FromMilliseconds(wait / 1_000_000 + 1))} ({watch.Spec.Rate})"));
    }
}

/// <summary>What a leaky queue remembers.</summary>
internal sealed class LeakyWatch : LimitWatch
{
    private readonly Func<long>? micros;
    private int beats;

    public LeakyWatch(string about, string name, LimitSpec spec, NoticeBoard? board, Func<long>? micros)
        : base(about, name, spec, board)
    {
        this.micros = micros;
        var rate = spec.Rate!.Value;
        Queue = new LeakyQueue(rate.Count, rate.Per.Ticks * 100, spec.Queue ?? new QueueSpec());
    }

    public LeakyQueue Queue { get; }

    public HeavyClients Heavy { get; } = new();

    public override void Beat(long nowMs)
    {
        base.Beat(nowMs);
        if (++beats % 10 == 0) Heavy.Turn();
        Queue.Pump(micros?.Invoke() ?? nowMs * 1000);
    }

    protected override string Explain(long nowMs) => string.Create(CultureInfo.InvariantCulture, $"more than {Spec.Rate}, {Queue.Waiting} wait");

    protected override string Tell(long nowMs, Dictionary<string, double> numbers)
    {
        numbers["limit"] = Spec.Rate!.Value.PerSecond;
        numbers["queued"] = Queue.Waiting;
        return "";
    }
}
