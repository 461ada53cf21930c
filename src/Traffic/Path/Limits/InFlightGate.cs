using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A limit of requests under way: fixed, or moved by the latencies that it sees.</summary>
internal sealed class InFlightGate(string name, InFlightWatch watch, TargetPlace place, LevelAdmission? levels)
    : WaitingGate(name, watch, place, watch.Flight, watch.Heavy, levels)
{
    private readonly InFlightWatch watch = watch;

    protected override int Most => watch.Flight.Limit;

    public override bool IsShedding => base.IsShedding || watch.Flight.Current >= watch.Flight.Limit;

    protected override long Mark(Exchange x)
    {
        watch.Adaptive?.Window.Note(watch.Flight.Current);
        return Math.Max(1, x.Connection.Gateway.Clock.Micros);
    }

    public override void Leave(Exchange x, int slot)
    {
        var since = x.Slots[slot];
        if (since == Nothing) return;
        x.Slots[slot] = Nothing;
        var clock = x.Connection.Gateway.Clock;
        if (watch.Adaptive is { } adaptive) Learn(adaptive.Window, x, since, clock);
        watch.Flight.Leave(clock.Micros, Reserve(watch.Flight.Limit));
    }

    public override Opinion Peek(Exchange x)
    {
        var mode = Mode(x);
        if (mode == LimitSwitch.Off) return Off;
        var flight = watch.Flight;
        var passes = flight.Waiting == 0 && flight.Current < flight.Limit - Keep(x, flight.Limit, counts: false);
        var says = Say(mode, passes, string.Create(CultureInfo.InvariantCulture, $"{flight.Current} of {flight.Limit} under way, {flight.Waiting} wait"), Reason.ConcurrencyLimited);
        return says.Verdict == Verdict.Refuse && flight.HasLine ? says with { Verdict = Verdict.Wait, Reason = Reason.None } : says;
    }

    /// <summary>
    /// What a response tells about the service: how long its head took, if it is a good one, or that it could not serve. How long a client takes to receive
    /// says nothing about it, nor does an error that came fast.
    /// </summary>
    private static void Learn(LatencyWindow window, Exchange x, long since, Clock clock)
    {
        // Where a fallback answered, what counts is why it had to.
        switch (x.Failed != Reason.None ? x.Failed : x.Reason)
        {
            case Reason.None or Reason.ClientAborted or Reason.UpstreamAborted when x.HeadAt >= 0:
                if (x.Response.Status is 429 or 503 or 504) window.Drop();
                else if (x.Response.Status < 500) window.Add(clock.MicrosOf(x.HeadAt) - since);
                break;
            case Reason.UpstreamTimeout or Reason.ConnectFailed:
                window.Drop();
                break;
        }
    }
}

/// <summary>What a limit of requests under way remembers.</summary>
internal sealed class InFlightWatch : LimitWatch
{
    /// <summary>Between two notices about changes; those in between are counted.</summary>
    private const long QuietMs = 5000;

    private readonly Func<long>? micros;
    private int beats;
    private long toldMs = -QuietMs;
    private int untold;

    public InFlightWatch(string about, string name, LimitSpec spec, NoticeBoard? board, Func<long>? micros)
        : base(about, name, spec, board)
    {
        this.micros = micros;
        Adaptive = spec.Algorithm == LimitAlgorithm.Adaptive ? new AdaptiveLimit(AdaptiveLimit.Controller(spec)) : null;
        Flight = new InFlight(Adaptive?.Limit ?? spec.Limit!.Value, spec.Queue);
    }

    public InFlight Flight { get; }

    public AdaptiveLimit? Adaptive { get; }

    public HeavyClients Heavy { get; } = new();

    public override void Beat(long nowMs)
    {
        base.Beat(nowMs);
        if (++beats % 10 == 0) Heavy.Turn();
        if (Adaptive?.Turn(nowMs, Flight.Current) is { } change)
        {
            Flight.Limit = change.To;
            Tell(change, nowMs);
        }
        // A limit that rose has places, and a line whose last neighbour left between two looks is seen to here.
        Flight.Pump(micros?.Invoke() ?? nowMs * 1000, Reserve());
    }

    protected override string Explain(long nowMs) => string.Create(CultureInfo.InvariantCulture, $"{Flight.Current} of {Flight.Limit} under way, {Flight.Waiting} wait");

    protected override string Tell(long nowMs, Dictionary<string, double> numbers)
    {
        numbers["limit"] = Flight.Limit;
        numbers["inFlight"] = Flight.Current;
        numbers["queued"] = Flight.Waiting;
        if (Adaptive is null) return "";
        numbers["p90Ms"] = Math.Round(Adaptive.Last.P90Ms, 1);
        numbers["p99Ms"] = Math.Round(Adaptive.Last.P99Ms, 1);
        numbers["base"] = Math.Round(Adaptive.BaseMs, 1);
        return Word(Adaptive.Why);
    }

    private int Reserve() => Spec.Privileged is { } privileged ? (int)Math.Ceiling(Flight.Limit * privileged.Share.Fraction) : 0;

    /// <summary>Cuts and new bases are told of, at most one each five seconds; how many others there were is told with the next.</summary>
    private void Tell(in LimitChange change, long nowMs)
    {
        var isCut = change.To < change.From || change.Why == LimitReason.Rebased;
        if (!isCut || nowMs - toldMs < QuietMs)
        {
            untold++;
            return;
        }
        toldMs = nowMs;
        var more = untold == 0 ? "" : $"; {untold} smaller changes before it";
        untold = 0;
        Board?.Add(About, "LimitChanged", string.Create(CultureInfo.InvariantCulture, $"{Name} from {change.From} to {change.To}: {Word(change.Why)} (P90 {change.Seen.P90Ms:0.#} ms, P99 {change.Seen.P99Ms:0.#} ms, base {change.BaseMs:0.#} ms, {change.Seen.Drops} dropped of {change.Seen.Samples + change.Seen.Drops}){more}"), isWarning: false);
    }

    private static string Word(LimitReason why) => why switch
    {
        LimitReason.Idle => "no requests",
        LimitReason.NotUsed => "not used up",
        LimitReason.SlowStart => "slow start",
        LimitReason.Probe => "latencies are good",
        LimitReason.Hold => "holds",
        LimitReason.Drops => "the service dropped requests",
        LimitReason.P90 => "P90 is too long",
        LimitReason.P99 => "P99 is too long",
        LimitReason.Rebased => "fewer at a time were not faster: the service's own time is the new base",
        LimitReason.Gradient => "latencies rise",
        _ => "requests queue at the service",
    };
}
