using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// Keeps the agent's lease on what another host could take over. It is lost when no report was answered for <see cref="HostLease.Span"/>. It is held again only when a report was answered and, after
/// that, the server has said anew what is this host's: in between, somebody else may have got it.
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
    bool held = true;

    /// <summary>Asks for a new stream of work; gives its number.</summary>
    public required Func<int> Renew { get; init; }

    /// <summary>A report was answered; it was sent then.</summary>
    public void Answered(long sentAt)
    {
        lock (gate)
        {
            answered = sentAt;
            if (!held && asked is null)
            {
                asked = Renew();
            }
        }
    }

    /// <summary>The server has said all that is this host's, on this stream.</summary>
    public void Told(int stream)
    {
        lock (gate)
        {
            if (asked is { } number && stream >= number && !IsOver())
            {
                (held, asked) = (true, null);
            }
        }
    }

    /// <summary>Writes how it stands into the agent's store, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var written = true;
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                bool now;
                lock (gate)
                {
                    if (IsOver())
                    {
                        (held, asked) = (false, null);
                    }

                    now = held;
                }

                if (now != written)
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

    bool IsOver() => answered is { } at ? time.GetElapsedTime(at) >= HostLease.Span : time.GetElapsedTime(startedAt) >= First;
}
