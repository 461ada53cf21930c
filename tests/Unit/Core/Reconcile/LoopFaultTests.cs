using Mainstay.Core.Reconcile;
using Mainstay.Tests.Sim;
using Shouldly;
using Xunit;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Core.Reconcile;

/// <summary>The loop when the store or its watch fails.</summary>
public sealed class LoopFaultTests : IDisposable
{
    readonly FaultyStore store;
    readonly LoopBed bed;

    public LoopFaultTests()
    {
        FaultyStore? made = null;
        bed = new LoopBed(b => made = new FaultyStore(b.Memory, b.Time));
        store = made!;
    }

    public void Dispose() => bed.Dispose();

    [Fact]
    public void ABrokenWatchStartsOverWithAList()
    {
        bed.Put("a");
        bed.Start();
        bed.TakePasses();
        store.Hold();
        bed.Put("b");
        store.BreakWatches();
        bed.Wait(1);
        bed.TakePasses().ShouldBe("a@0.05 b@0.05");
        bed.Put("b", "2");
        bed.TakePasses().ShouldBe("b@1");
    }

    [Fact]
    public void ACompactedWatchStartsOverWithAList()
    {
        bed.Put("a");
        bed.Start();
        bed.TakePasses();
        store.Hold();
        for (var i = 0; i < 20; i++)
        {
            bed.Put("b", $"{i}");
        }

        store.Release();
        bed.Thread.RunReady();
        bed.TakePasses().ShouldContain("a@0 b@0");
        bed.Put("c");
        bed.TakePasses().ShouldBe("c@0");
    }

    [Fact]
    public void WhatWasDeletedWhileNobodyWatchedIsLookedAtOnceMore()
    {
        bed.Put("a");
        bed.Put("b");
        bed.Start();
        bed.TakePasses();
        store.Hold();
        bed.Delete("b");
        store.BreakWatches();
        bed.Wait(1);
        bed.TakePasses().Split(' ').Order().ShouldBe(["a@0.05", "b@0.05"]);
        bed.Faults.ShouldHaveSingleItem();
    }

    [Fact]
    public void AStoreThatIsAwayIsAskedAgainWithBackoff()
    {
        bed.Decide = (key, seen, _) => seen.Get<Machine>(key) is { Address: "1" } host ? new Plan().Put(LoopBed.At(host, "2")) : null;
        store.IsAway = true;
        bed.Put("a");
        bed.Start();
        bed.Wait(0.4);
        bed.Faults.Count.ShouldBe(4, "at 0, 50, 150 and 350 ms");
        store.IsAway = false;
        bed.Wait(0.5);
        bed.TakePasses().ShouldBe("a@0.75 a@0.75");
        bed.Loop.Counters.Commits.ShouldBe(1);
    }

    [Fact]
    public void ACommitThatFailsIsTriedAgainAndNothingActsBefore()
    {
        bed.Decide = (key, seen, _) => seen.Get<Machine>(key) is { Address: "1" } host ? new Plan().Put(LoopBed.At(host, "2")).Do(new LoopBed.Poke(key)) : null;
        bed.Start();
        store.FailCommits = 2;
        bed.Put("a");
        bed.Wait(0.1);
        bed.Acts.ShouldBeEmpty();
        bed.Wait(1);
        bed.Acts.ShouldBe(["a"]);
        bed.Loop.Counters.Failures.ShouldBe(2);
    }

    [Fact]
    public void APassWaitsForTheLoopsOwnLastCommitToBeSeen()
    {
        bed.Decide = (key, seen, now) => seen.Get<Machine>(key) is { Address: "1" } host ? new Plan().Put(LoopBed.At(host, "2")).Wait(now.AddSeconds(1)) : null;
        bed.Put("a");
        store.Hold();
        bed.Start();
        bed.Wait(5);
        bed.TakePasses().ShouldBe("a@0", "the view still lacks the commit, so that a pass would decide the same again");
        store.Release();
        bed.Thread.RunReady();
        bed.TakePasses().ShouldBe("a@5");
        bed.Loop.Counters.Conflicts.ShouldBe(0);
    }
}
