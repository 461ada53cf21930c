using Mainstay.State.Sqlite;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State;

/// <summary>Who has the turn at a file: one at a time, whoever comes when.</summary>
public sealed class WorkLineTests
{
    const int Callers = 4;
    const int Works = 20_000;

    readonly WorkLine<object> line = new(most: 1_000, groupSize: 8);
    readonly List<string> broken = [];
    int users;
    int done;

    [Fact]
    public void OneAtATimeHasTheTurnAndEveryWorkIsDoneOnce()
    {
        var thread = new Thread(() =>
        {
            var works = new List<object>();
            while (line.Take(works, () => Volatile.Read(ref done) % 2 == 0 ? 1 : Timeout.Infinite))
            {
                Use(works.Count);
                if (works.Count > 0)
                    line.Answered(works.Count, TimeSpan.FromMicroseconds(20));
                works.Clear();
            }
        });
        thread.Start();
        Thread[] callers = [.. Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
        {
            for (var i = 0; i < Works; i++)
            {
                LineEntry entry;
                while ((entry = line.Enqueue(new(), self: i % 3 != 0)) == LineEntry.Full)
                    Thread.Yield();
                if (entry == LineEntry.Turn)
                {
                    Use(1);
                    line.Answered(1, TimeSpan.FromMicroseconds(20));
                    line.EndTurn(wake: i % 2 == 0);
                }

                if (caller == 0 && i % 64 == 0)
                    Thread.Yield();
            }
        }))];
        Array.ForEach(callers, c => c.Start());
        Array.ForEach(callers, c => c.Join());
        line.Close(new ObjectDisposedException("line"));
        thread.Join();
        broken.ShouldBeEmpty();
        done.ShouldBe(Callers * Works);
        line.Enqueue(new(), self: true).ShouldBe(LineEntry.Closed);
    }

    [Fact]
    public void WhoComesAfterAGroupWaitsForTheOthersOfIt()
    {
        var works = new List<object>();
        line.Enqueue(new()).ShouldBe(LineEntry.Queued);
        line.Enqueue(new(), self: true).ShouldBe(LineEntry.Queued, "another waits already");
        line.Take(works, () => Timeout.Infinite).ShouldBeTrue();
        line.Enqueue(new(), self: true).ShouldBe(LineEntry.Queued, "the thread has the turn");
        line.Answered(works.Count, TimeSpan.Zero);
        works.Clear();
        line.Take(works, () => Timeout.Infinite).ShouldBeTrue();
        line.Answered(works.Count, TimeSpan.Zero);
        works.Clear();
        line.Close(new ObjectDisposedException("line"));
        line.Take(works, () => Timeout.Infinite).ShouldBeFalse();
    }

    void Use(int works)
    {
        if (Interlocked.Increment(ref users) != 1)
        {
            lock (broken)
                broken.Add("two have the turn");
        }

        // Not interlocked: who has the turn has what goes with it.
        done += works;
        Interlocked.Decrement(ref users);
    }
}
