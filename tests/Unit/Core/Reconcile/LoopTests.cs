using Mainstay.Core.Kinds;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Core.Reconcile;

public sealed class LoopTests
{
    [Fact]
    public void ItListsThenWatches()
    {
        var bed = new LoopBed();
        bed.Put("a");
        bed.Start();
        bed.TakePasses().ShouldBe("a@0");
        bed.Put("b");
        bed.Put("a", "2");
        bed.Delete("a");
        bed.TakePasses().ShouldBe("b@0 a@0 a@0");
    }

    [Fact]
    public void AnIdleLoopMakesNoPass()
    {
        var bed = new LoopBed();
        bed.Put("a");
        bed.Start();
        bed.TakePasses();
        bed.Wait(3600);
        bed.TakePasses().ShouldBeEmpty();
    }

    [Fact]
    public void TheDriverActsAfterTheCommit()
    {
        var bed = new LoopBed { Decide = (key, seen, _) => Once(seen, key) };
        bed.Drive = (act, _) =>
        {
            bed.Memory.Revision.ShouldBe(2);
            return ValueTask.CompletedTask;
        };
        bed.Put("a");
        bed.Start();
        bed.Acts.ShouldBe(["a"]);
        bed.Faults.ShouldBeEmpty();
        bed.TakePasses().ShouldBe("a@0 a@0", "the second pass is for the loop's own commit");
    }

    [Fact]
    public void APlanThatSomebodyOvertookIsMadeAnewAndDoesNotAct()
    {
        var bed = new LoopBed();
        var addresses = new List<string>();
        bed.Decide = (key, seen, _) =>
        {
            addresses.Add(seen.Get<Machine>(key)!.Address);
            if (addresses.Count == 1)
            {
                Overtake(bed);
            }

            return Once(seen, key);
        };
        bed.Put("a");
        bed.Start();
        addresses.ShouldBe(["1", "overtaken", "done"]);
        bed.Acts.ShouldBe(["a"]);
        bed.Loop.Counters.Conflicts.ShouldBe(1);
    }

    [Fact]
    public void WhatAPlanExpectsMustNotHaveChangedEither()
    {
        var bed = new LoopBed();
        bed.Put("a");
        bed.Put("b");
        var overtaken = false;
        bed.Decide = (key, seen, _) =>
        {
            if (key != "b" || seen.Get<Machine>("b")!.Address == "done")
            {
                return null;
            }

            var plan = Once(seen, "b").Expect(seen.Get<Machine>("a")!);
            if (!overtaken)
            {
                overtaken = true;
                Overtake(bed);
            }

            return plan;
        };
        bed.Start();
        bed.Loop.Counters.Conflicts.ShouldBe(1);
        bed.Loop.Counters.Commits.ShouldBe(1);
    }

    [Fact]
    public void AThrowingReconcilerCostsItsOwnKeyABackoff()
    {
        var bed = new LoopBed { Decide = (key, _, _) => key == "bad" ? throw new InvalidOperationException("no idea") : null };
        bed.Put("bad");
        bed.Put("good");
        bed.Start();
        bed.TakePasses().ShouldBe("bad@0 good@0");
        bed.Wait(0.2);
        bed.Put("good", "2");
        bed.TakePasses().ShouldBe("bad@0.05 bad@0.15 good@0.2");
        bed.Faults[0].ShouldBe("test bad: no idea");
        bed.Wait(60);
        bed.Passes[^1].ShouldStartWith("bad@");
        bed.Decide = (_, _, _) => null;
        bed.Wait(10);
        bed.TakePasses();
        bed.Wait(60);
        bed.TakePasses().ShouldBeEmpty("the first pass that succeeds ends the backoff");
    }

    [Fact]
    public void AThrowingDriverCostsItsOwnKeyABackoff()
    {
        var failures = 2;
        var bed = new LoopBed
        {
            Decide = (key, _, _) => failures >= 0 ? new Plan().Do(new LoopBed.Poke(key)) : null,
            Drive = (_, _) => failures-- > 0 ? throw new IOException("not now") : ValueTask.CompletedTask,
        };
        bed.Put("a");
        bed.Start();
        bed.Wait(10);
        bed.TakePasses().ShouldBe("a@0 a@0.05 a@0.15");
        bed.Loop.Counters.Failures.ShouldBe(2);
        bed.Loop.Counters.Acts.ShouldBe(1);
    }

    [Fact]
    public void OnePassPerKeyIsUnderWay()
    {
        var gates = new Dictionary<string, TaskCompletionSource>();
        var bed = new LoopBed { Decide = (key, _, _) => new Plan().Do(new LoopBed.Poke(key)) };
        bed.Drive = (act, _) => new((gates[act.Id] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
        bed.Put("a");
        bed.Put("b");
        bed.Start();
        bed.Put("a", "2");
        bed.Put("a", "3");
        bed.TakePasses().ShouldBe("a@0 b@0", "changes of a wait for the pass that is under way");
        bed.Thread.Enter(() => gates["a"].TrySetResult());
        bed.Thread.RunReady();
        bed.TakePasses().ShouldBe("a@0", "and make one pass together");
    }

    [Fact]
    public void NoMoreThanAllowedAreUnderWayAndTheClockIsNotAskedForMore()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bed = new LoopBed(options: new() { Parallel = 2 }) { Drive = (_, _) => new(gate.Task) };
        bed.Decide = (key, _, now) => key == "a" ? new Plan().Wait(now.AddSeconds(1)) : new Plan().Do(new LoopBed.Poke(key));
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            bed.Put(name);
        }

        bed.Start();
        bed.TakePasses().ShouldBe("a@0 b@0 c@0");
        bed.Wait(60);
        bed.Time.Elapsed.TotalSeconds.ShouldBe(60);
        bed.TakePasses().ShouldBeEmpty();
        bed.Decide = (_, _, _) => null;
        bed.Thread.Enter(() => gate.TrySetResult());
        bed.Thread.RunReady();
        bed.TakePasses().ShouldBe("d@60 a@60");
    }

    [Fact]
    public void AKeyComesBackAtThePlansTime()
    {
        var bed = new LoopBed { Decide = (_, seen, now) => new Plan().Wait(now.AddSeconds(seen.Get<Machine>("a")!.Address == "1" ? 10 : 2)) };
        bed.Put("a");
        bed.Start();
        bed.Wait(5);
        bed.Put("a", "2");
        bed.Wait(4);
        bed.TakePasses().ShouldBe("a@0 a@5 a@7 a@9", "a pass makes the time that an earlier one asked for void");
    }

    [Fact]
    public void StopWaitsForPassesUnderWay()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bed = new LoopBed { Decide = (key, _, _) => new Plan().Do(new LoopBed.Poke(key)), Drive = (_, _) => new(gate.Task) };
        bed.Put("a");
        bed.Start();
        var stopped = bed.Stop();
        stopped.IsCompleted.ShouldBeFalse();
        bed.Thread.Enter(() => gate.TrySetResult());
        bed.Thread.RunReady();
        stopped.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task EventsAreCommittedWithTheWrites()
    {
        var bed = new LoopBed { Decide = (key, seen, _) => Once(seen, key) is { IsNothing: false } plan ? plan.Say($"host/{key}", "Done", "it is done") : null };
        bed.Put("a");
        bed.Start();
        var events = await bed.Memory.RangeAsync("event/");
        events.Entries.ShouldHaveSingleItem().ModRevision.ShouldBe(2);
    }

    static Plan Once(Snapshot seen, string key)
    {
        var host = seen.Get<Machine>(key)!;
        return host.Address == "done" ? new Plan() : new Plan().Put(LoopBed.At(host, "done")).Do(new LoopBed.Poke(key));
    }

    // A commit by somebody else between the view and the loop's own commit; the memory store completes it at once.
    static void Overtake(LoopBed bed) =>
        _ = bed.Memory.CommitAsync(new Commit([], [new Operation("host/a", Codec.Encode(new Machine { Name = "a", Address = "overtaken" }))])).AsTask();
}
