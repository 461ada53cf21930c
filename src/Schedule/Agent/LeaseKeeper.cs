using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// Keeps the agent's lease on what another host could take over. A new run of the agent holds it once a report was answered and the server has said what is this host's: until then what runs runs
/// on for the rest of the term that the run before it left, and nothing is started. It is lost when no report was answered for <see cref="HostLease.Span"/>, and held again only when one was answered and,
/// after that, the server has said anew what is this host's: in between, somebody else may have got it.
/// </summary>
/// <param name="store">The agent's.</param>
/// <param name="time">For the looks, one a second.</param>
/// <param name="clock">Since the machine's boot; see <see cref="LeaseTerm"/>.</param>
/// <param name="begun">The term that this run begins with.</param>
sealed class LeaseKeeper(IStore store, TimeProvider time, Func<TimeSpan> clock, LeaseTerm begun)
{
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    LeaseTerm term = begun;
    LeaseTerm? kept;
    TimeSpan? answered;
    int? asked;
    bool told;
    bool? held;
    TaskCompletionSource changed = new();

    /// <summary>Leaves a term to the next run.</summary>
    public required Action<LeaseTerm> Keep { get; init; }

    /// <summary>Whether anything here could be another host's.</summary>
    public Func<bool> Matters { get; init; } = static () => true;

    /// <summary>Asks for a new stream of work; gives its number.</summary>
    public required Func<int> Renew { get; init; }

    /// <summary>A report was answered; it was sent then.</summary>
    public void Answered(TimeSpan sentAt)
    {
        var confirmed = false;
        lock (gate)
        {
            answered = sentAt;
            confirmed = Confirm();
            Note();
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

            Note();
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
            // The first look is at once: a run may not live until the second.
            for (var tick = Task.CompletedTask; ;)
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

            Note();
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

    bool IsOver() => held is null ? term.IsOver(clock()) : answered is { } at && clock() - at >= HostLease.Span;

    // For the next run. What was answered after the lease had ended says nothing before it is held again.
    void Note()
    {
        term = held == true && answered is { } at ? term.Answered(at) : term;
        var isFar = kept is null || term.Until != kept.Until || term.Held - kept.Held >= Tick || term.Held.HasValue != kept.Held.HasValue;
        if (isFar && Matters())
        {
            Keep(kept = term);
        }
    }
}
