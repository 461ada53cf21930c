using Mainstay.Client.Ids;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Whatever clocks and holders do, no id comes twice.</summary>
public sealed class IdWorkersTests
{
    [Fact]
    public void AWorkerThatNeverWasUsedIsTakenFirstAndThenTheOneThatEndedFirst()
    {
        var seen = new Dictionary<int, IdWorker>();
        for (var number = 0; number < IdWorkers.Most; number++)
        {
            Keep(seen, IdWorkers.Grant(seen, "h", 1000 + number)).Number.ShouldBe(number);
        }

        IdWorkers.Grant(seen, "h", 1000).ShouldBeNull("all have a lease");
        var again = Keep(seen, IdWorkers.Grant(seen, "other", 1000 + IdWorkers.LeaseMs));
        (again.Number, again.Grant, again.FromMs, again.Holder).ShouldBe((0, 2, 1000 + IdWorkers.LeaseMs, "other"));
    }

    [Fact]
    public void ALeaseIsMadeLongerForItsHolderAloneAndOnlyWhileItLasts()
    {
        var worker = IdWorkers.Grant(new Dictionary<int, IdWorker>(), "h", 1000)!;
        IdWorkers.Renew(worker, 1, 6000, 6000)!.UntilMs.ShouldBe(6000 + IdWorkers.LeaseMs);
        IdWorkers.Renew(worker, 2, 6000, 6000).ShouldBeNull();
        IdWorkers.Renew(worker, 1, 6000, worker.UntilMs).ShouldBeNull();
        IdWorkers.Renew(worker, 1, worker.UntilMs, 6000).ShouldBeNull();

        // Our clock was put back by twenty seconds; a holder that claims to be a year ahead is not believed.
        var late = worker with { UntilMs = 40_000 };
        IdWorkers.Renew(late, 1, 30_000, 10_000)!.UntilMs.ShouldBe(60_000);
        IdWorkers.Renew(worker with { UntilMs = long.MaxValue }, 1, long.MaxValue - 1, 10_000)!.UntilMs.ShouldBe(long.MaxValue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void NoIdComesTwiceWhateverClocksDo(int seed)
    {
        var random = new Random(seed);
        var seen = new Dictionary<int, IdWorker>();
        var made = new HashSet<long>();
        var time = new FakeTime();
        var holders = Enumerable.Range(0, 5).Select(_ => new IdGenerator(time)).ToArray();
        long server = 1_000_000;
        for (var step = 0; step < 4000; step++)
        {
            var by = random.Next(1, 4000);
            time.Advance(TimeSpan.FromMilliseconds(by));
            server += random.Next(20) == 0 ? random.Next(-90_000, 90_000) : by;
            var holder = holders[random.Next(holders.Length)];
            if (random.Next(3) == 0)
            {
                var asked = time.GetTimestamp();
                var lease = holder.Lease is { } held && seen.TryGetValue(held.Worker, out var worker) ? IdWorkers.Renew(worker, held.Grant, holder.NowMs, server) : null;
                lease ??= IdWorkers.Grant(seen, "h", server);
                if (lease is not null)
                {
                    seen[lease.Number] = lease;
                    holder.Use(new(lease.Number, lease.Grant, lease.FromMs, lease.UntilMs, Math.Max(server, lease.FromMs)), asked);
                }
            }

            while (random.Next(4) != 0 && holder.TryNext(out var id) == IdGenerator.Outcome.Made)
            {
                made.Add(id).ShouldBeTrue($"step {step}");
            }
        }

        made.Count.ShouldBeGreaterThan(1000);
    }

    static IdWorker Keep(Dictionary<int, IdWorker> seen, IdWorker? worker) => seen[worker!.Number] = worker;
}
