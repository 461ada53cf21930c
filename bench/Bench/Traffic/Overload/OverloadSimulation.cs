using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;

namespace Mainstay.Bench.Traffic.Overload;

/// <summary>What a simulated overload is made of.</summary>
/// <param name="Seed">Where its chance starts from.</param>
/// <param name="Load">How much is asked for, as a multiple of what one hop can serve.</param>
/// <param name="Hops">Services in a row, each with the same capacity and its own limit.</param>
/// <param name="Controller">How the limits move.</param>
/// <param name="Workers">Requests that a service works on at a time.</param>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="QueueMs">The longest wait before each hop; 0 for no queue.</param>
/// <param name="CalmSeconds">How long only a third of the capacity is asked for before that.</param>
internal sealed record OverloadCase(
    int Seed, double Load, int Hops = 1, LimitController Controller = LimitController.DampedHalving, int Workers = 16, int Seconds = 40, int QueueMs = 50, int CalmSeconds = 5);

/// <summary>What came of it; the first ten seconds of overload and the last do not count.</summary>
/// <param name="Goodput">Responses per second as a part of what one hop can serve.</param>
/// <param name="P99Ms">Of the admitted, from arrival to response.</param>
/// <param name="Critical">Which part of the critical requests was served.</param>
/// <param name="Others">Which part of the others was served.</param>
/// <param name="Limits">Where the limits ended.</param>
/// <param name="Changes">How often they moved.</param>
internal sealed record OverloadResult(double Goodput, double P99Ms, double Critical, double Others, int[] Limits, int Changes);

/// <summary>
/// The limiters against simulated services on virtual time: requests of many users and levels arrive by chance, pass the levels and the limit of each
/// hop and are worked on in turn. The same classes decide as in the gateway; only time, arrivals and services are made up.
/// </summary>
internal sealed class OverloadSimulation
{
    /// <summary>Mean time that a service works on a request: half of it always, half by chance.</summary>
    public const double WorkMs = 10;

    private const int BeatMicros = 100_000;
    private const int Users = 5000;
    private static readonly (int Business, double Part)[] Mix = [(Levels.Critical, 0.05), (Levels.High, 0.15), (Levels.Medium, 0.5), (Levels.Low, 0.3)];
    private readonly PriorityQueue<Action, (long At, long Order)> events = new();
    private readonly OverloadCase what;
    private readonly Random chance;
    private readonly Hop[] hops;
    private readonly List<double> latencies = [];
    private long now;
    private long order;
    private long served;
    private long criticalServed;
    private long criticalAsked;
    private long othersServed;
    private long othersAsked;

    private OverloadSimulation(OverloadCase what)
    {
        this.what = what;
        chance = new Random(what.Seed);
        hops = [.. Enumerable.Range(0, what.Hops).Select(_ => new Hop(this))];
    }

    public static OverloadResult Run(OverloadCase what) => new OverloadSimulation(what).Run();

    private double Capacity => what.Workers / (WorkMs / 1000);

    private long OverloadFrom => what.CalmSeconds * 1_000_000L;

    private long MeasureFrom => OverloadFrom + 10_000_000;

    /// <summary>Who comes in the last second may not be done at the end.</summary>
    private long End => OverloadFrom + what.Seconds * 1_000_000L;

    private long MeasureTo => End - 1_000_000;

    private bool IsMeasured(long at) => at >= MeasureFrom && at < MeasureTo;

    private OverloadResult Run()
    {
        At(0, Arrive);
        At(BeatMicros, Beat);
        while (events.TryPeek(out _, out var next) && next.At <= End)
        {
            var happens = events.Dequeue();
            now = next.At;
            happens();
        }
        var seconds = (MeasureTo - MeasureFrom) / 1_000_000.0;
        latencies.Sort();
        return new OverloadResult(
            served / seconds / Capacity,
            latencies.Count == 0 ? 0 : latencies[(int)(latencies.Count * 0.99)],
            (double)criticalServed / Math.Max(1, criticalAsked),
            (double)othersServed / Math.Max(1, othersAsked),
            [.. hops.Select(hop => hop.Limit)],
            hops.Sum(hop => hop.Changes));
    }

    private void At(long delay, Action happens) => events.Enqueue(happens, (now + delay, order++));

    private void Beat()
    {
        foreach (var hop in hops) hop.Beat();
        At(BeatMicros, Beat);
    }

    private void Arrive()
    {
        var rate = Capacity * (now < OverloadFrom ? Math.Min(what.Load, 0.33) : what.Load);
        At((long)(-Math.Log(1 - chance.NextDouble()) / rate * 1_000_000), Arrive);
        var drawn = chance.NextDouble();
        var business = Mix[^1].Business;
        foreach (var (level, part) in Mix)
        {
            if (drawn < part)
            {
                business = level;
                break;
            }
            drawn -= part;
        }
        var request = new Request(now, Levels.Of(business, Levels.UserOf((ulong)chance.Next(Users), 0)));
        if (IsMeasured(now))
        {
            if (request.IsCritical) criticalAsked++;
            else othersAsked++;
        }
        hops[0].Enter(request, ok => Done(request, ok));
    }

    private void Done(Request request, bool ok)
    {
        if (!ok || !IsMeasured(request.At)) return;
        served++;
        latencies.Add((now - request.At) / 1000.0);
        if (request.IsCritical) criticalServed++;
        else othersServed++;
    }

    private sealed record Request(long At, int Level)
    {
        public bool IsCritical => Level >= Levels.Of(Levels.Critical, 0);
    }

    /// <summary>A service with its limit: so many workers, and whoever is admitted beyond them waits inside of it, unseen.</summary>
    private sealed class Hop
    {
        private readonly OverloadSimulation world;
        private readonly AdaptiveLimit adaptive;
        private readonly InFlight flight;
        private readonly LevelAdmission levels = new("s", new LevelsSpec(), null);
        private readonly Queue<Action> inside = new();
        private int working;

        public Hop(OverloadSimulation world)
        {
            this.world = world;
            adaptive = new AdaptiveLimit(AdaptiveLimit.Controller(new LimitSpec { Algorithm = LimitAlgorithm.Adaptive, Controller = world.what.Controller }));
            var queue = world.what.QueueMs == 0 ? null : new QueueSpec { Length = 100, Wait = TimeSpan.FromMilliseconds(world.what.QueueMs), Order = QueueOrder.Priority };
            flight = new InFlight(adaptive.Limit, queue);
            levels.Room = flight;
        }

        public int Limit => flight.Limit;

        public int Changes { get; private set; }

        public void Enter(Request request, Action<bool> done)
        {
            var admitted = levels.Level.Ask(request.Level);
            if (!admitted || request.Level < levels.Admitted)
            {
                done(false);
                return;
            }
            if ((flight.Waiting == 0 || !flight.HasLine) && flight.TryTake(0, world.now))
            {
                Admitted(request, 0, done);
                return;
            }
            var guest = new Guest(this, request, done);
            if (!flight.HasLine) Refused(done);
            else if (flight.Park(guest, Levels.Business(request.Level), 0, world.now) is var end && end == WaitEnd.Admitted) Admitted(request, 0, done);
            else if (end != WaitEnd.Waiting) Refused(done);
            else world.At(world.what.QueueMs * 1000L + BeatMicros, () => guest.GiveUp());
        }

        public void Beat()
        {
            if (adaptive.Turn(world.now / 1000, flight.Current) is { } change)
            {
                flight.Limit = change.To;
                Changes++;
            }
            flight.Pump(world.now);
            levels.Beat(world.now / 1000);
        }

        private void Refused(Action<bool> done)
        {
            levels.NoteRefusal();
            done(false);
        }

        private void Admitted(Request request, long waited, Action<bool> done)
        {
            if (flight.HasLine) flight.Waited(waited);
            levels.Level.Pass();
            var since = world.now;
            adaptive.Window.Note(flight.Current);
            Work(() => Next(request, ok =>
            {
                if (ok) adaptive.Window.Add(world.now - since);
                else adaptive.Window.Drop();
                flight.Leave(world.now, 0);
                done(ok);
            }));
        }

        private void Next(Request request, Action<bool> done)
        {
            var index = Array.IndexOf(world.hops, this) + 1;
            if (index < world.hops.Length) world.hops[index].Enter(request, done);
            else done(true);
        }

        private void Work(Action done)
        {
            if (working == world.what.Workers)
            {
                inside.Enqueue(done);
                return;
            }
            working++;
            var micros = (long)(WorkMs * 500 * (1 - Math.Log(1 - world.chance.NextDouble())));
            world.At(micros, () =>
            {
                working--;
                if (inside.TryDequeue(out var next)) Work(next);
                done();
            });
        }

        private sealed class Guest(Hop hop, Request request, Action<bool> done) : WaitNode
        {
            private WaitEnd state;

            public override bool IsWaiting => state == WaitEnd.Waiting;

            public void GiveUp()
            {
                if (TryEnd(WaitEnd.TimedOut)) hop.flight.Abandon(this);
            }

            public override bool TryEnd(WaitEnd how)
            {
                if (!IsWaiting) return false;
                state = how;
                return true;
            }

            public override void Resume()
            {
                if (state == WaitEnd.Admitted) hop.Admitted(request, hop.world.now - SinceMicros, done);
                else hop.Refused(done);
            }
        }
    }
}
