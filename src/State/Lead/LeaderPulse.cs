using System.Diagnostics;
using Mainstay.State.Decide;

namespace Mainstay.State.Lead;

/// <summary>Asks the server that leads, while this one stands by, whether it is there.</summary>
/// <param name="answers">Asks the server at an address; false where it says nothing.</param>
/// <param name="term">The term of etcd's leader, as it is known.</param>
sealed class LeaderPulse(Func<string, CancellationToken, Task<bool>> answers, Func<ulong> term) : IAsyncDisposable
{
    static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    readonly Lock gate = new();
    readonly CancellationTokenSource ended = new();
    Task asking = Task.CompletedTask;
    LeaderRecord? asked;
    (long At, ulong Term)? last;

    /// <summary>The last answer of a leader; null where it never answered this one, or another was asked: what one says is nothing about who leads after it.</summary>
    public LeaderSign? SignOf(LeaderRecord leader)
    {
        lock (gate)
        {
            return asked?.Epoch == leader.Epoch && last is var (at, then) ? new(Stopwatch.GetElapsedTime(at), then) : null;
        }
    }

    /// <summary>Asks this one from now on.</summary>
    public void Follow(LeaderRecord leader)
    {
        lock (gate)
        {
            if (asked?.Epoch != leader.Epoch)
                (asked, last) = (leader, null);
            if (asking.IsCompleted)
                asking = AskAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await asking;
        ended.Dispose();
    }

    async Task AskAsync()
    {
        try
        {
            while (true)
            {
                LeaderRecord whom;
                lock (gate)
                    whom = asked!;
                // As it was before: an election meanwhile counts as one since.
                var then = term();
                if (await answers(whom.Url, ended.Token))
                {
                    lock (gate)
                        last = asked == whom ? (Stopwatch.GetTimestamp(), then) : last;
                }

                await Task.Delay(Beat, TimeProvider.System, ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It leads now, or ends.
        }
    }
}
