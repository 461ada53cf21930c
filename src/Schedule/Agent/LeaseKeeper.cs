using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// Keeps the agent's lease on what another host could take over. A new run of the agent holds it once a report was answered and the server has said what is this host's: until then what runs runs
/// on, and nothing is started. It is lost when no report was answered for <see cref="HostLease.Span"/>, and held again only when one was answered and, after that, the server has said anew what is
/// this host's: in between, somebody else may have got it.
/// </summary>
sealed class LeaseKeeper(IStore store, TimeProvider time)
{
    // A new run of the agent has this long to be answered: it does not know for how long the one before it was not.
    static readonly TimeSpan First = TimeSpan.FromSeconds(3);
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly long startedAt = time.GetTimestamp();
    long? answered;
    int? asked;
    bool told;
    bool? held;
    TaskCompletionSource changed = new();

    /// <summary>Asks for a new stream of work; gives its number.</summary>
    public required Func<int> Renew { get; init; }

    /// <summary>A report was answered; it was sent then.</summary>
    public void Answered(long sentAt)
    {
        var confirmed = false;
        lock (gate)
        {
            answered = sentAt;
            confirmed = Confirm();
            if (held == false && asked is null)
            {
                asked = Renew();
            }
        }

        Tell(confirmed);
    }

    /// <summary>The server has said all that is this host's, on this stream.</summary>
    public void Told(int stream)
    {
        var confirmed = false;
        lock (gate)
        {
            told = true;
            confirmed = Confirm();
            if (asked is { } number && stream >= number && !IsOver())
            {
                (held, asked, confirmed) = (true, null, true);
            }
        }

        Tell(confirmed);
    }

    /// <summary>Writes how it stands into the agent's store, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        bool? written = null;
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            for (var tick = timer.WaitForNextTickAsync(stop).AsTask(); ;)
            {
                Task soon;
                lock (gate)
                {
                    soon = changed.Task;
                }

                if (await Task.WhenAny(tick, soon) == tick)
                {
                    await tick;
                    tick = timer.WaitForNextTickAsync(stop).AsTask();
                }

                if (Standing() is { } now && now != written)
                {
                    var kind = AgentKinds.All.Of<AgentLease>();
                    var lease = new AgentLease { Name = AgentLease.TheName, Held = now };
                    await store.CommitAsync(new([], [new(kind.KeyOf(lease.Name), Codec.Encode(lease))]), stop);
                    written = now;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    bool? Standing()
    {
        lock (gate)
        {
            if (changed.Task.IsCompleted)
            {
                changed = new();
            }

            if (IsOver())
            {
                (held, asked) = (false, null);
            }

            return held;
        }
    }

    // What this run was told is no older than itself, and nobody takes over within that time.
    bool Confirm()
    {
        var confirmed = held is null && told && answered is not null && !IsOver();
        held = confirmed ? true : held;
        return confirmed;
    }

    // Outside of the lock: whoever waits may go on at once.
    void Tell(bool confirmed)
    {
        if (confirmed)
        {
            TaskCompletionSource waiting;
            lock (gate)
            {
                waiting = changed;
            }

            waiting.TrySetResult();
        }
    }

    bool IsOver() => answered is { } at && held is not null ? time.GetElapsedTime(at) >= HostLease.Span : held is null && time.GetElapsedTime(startedAt) >= First;
}
