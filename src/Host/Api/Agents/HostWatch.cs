using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Agents;

/// <summary>
/// Tells which hosts' agents answer. When an agent was last heard of is known here alone; only the transitions between ready and lost are
/// written. After a start of the server every host has <see cref="FirstWord"/>.
/// </summary>
public sealed class HostWatch(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    /// <summary>A host whose agent says nothing for this long is lost, where there are others. Endpoints are out of every table within 3 s.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(2500);

    /// <summary>The same of the only host: nobody is better off for knowing sooner.</summary>
    public static readonly TimeSpan SilenceAlone = TimeSpan.FromSeconds(5);

    /// <summary>After a start of the server, or where it leads from now on, an agent has this long to find it.</summary>
    public static readonly TimeSpan FirstWord = TimeSpan.FromSeconds(6);

    /// <summary>How often the agents of several hosts give a sign of life.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(700);

    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan TickAlone = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly Dictionary<string, long> heard = new(StringComparer.Ordinal);
    readonly long started = time.GetTimestamp();

    /// <summary>The host's agent said something.</summary>
    public void Heard(string host)
    {
        lock (gate)
        {
            heard[host] = time.GetTimestamp();
        }
    }

    /// <summary>The host as it is to be written after a report; null where the store knows all of it.</summary>
    public HostRecord? After(HostRecord? known, string host, AgentReport report)
    {
        var back = known is not { State: HostState.Ready };
        var next = (known ?? new HostRecord { Name = host }) with
        {
            Address = report.Address,
            Mesh = report.Mesh,
            Home = report.Home,
            Zone = report.Zone,
            Labels = report.Labels,
            Capacity = report.Capacity,
            Machine = report.Machine,
            Limits = report.Limits,
            AgentPid = report.AgentPid,
            AgentVersion = report.AgentVersion,
            State = HostState.Ready,
            Since = back ? time.GetUtcNow() : known!.Since,
        };
        return !back && Codec.Same(known!, next) ? null : next;
    }

    /// <summary>How soon an agent is to say something again; null for its usual time, where its host is the only one.</summary>
    public TimeSpan? BeatNow() => IsAlone() ? null : Beat;

    /// <summary>Looks once a second, or five times where there are several hosts, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TickAlone, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            var alone = IsAlone();
            var tick = alone ? TickAlone : Tick;
            if (timer.Period != tick)
            {
                timer.Period = tick;
            }

            foreach (var host in mirror.Read(seen => seen.All<HostRecord>().Where(h => h.State == HostState.Ready && IsSilent(h.Name, alone ? SilenceAlone : Silence)).ToArray()))
            {
                await LoseAsync(host, stop);
            }
        }
    }

    bool IsAlone() => mirror.Read(seen => seen.Count<HostRecord>()) < 2;

    bool IsSilent(string host, TimeSpan silence)
    {
        lock (gate)
        {
            return heard.TryGetValue(host, out var at) ? time.GetElapsedTime(at) >= silence : time.GetElapsedTime(started) >= FirstWord;
        }
    }

    // A conflict means that somebody wrote the host meanwhile; the next tick sees it.
    async Task LoseAsync(HostRecord host, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var key = kinds.Of<HostRecord>().KeyOf(host.Name);
        var lost = host with { State = HostState.Lost, Since = now };
        var note = names.Make(now, $"host/{host.Name}", Reasons.HostLost, $"the agent of {host.Name} does not answer any more", Severity.Error);
        try
        {
            await store.CommitAsync(new([new(key, host.Revision)], [new(key, Codec.Encode(lost)), new(kinds.Of<Event>().KeyOf(note.Name), Codec.Encode(note))]), stop);
        }
        catch (StoreUnavailableException)
        {
            // Tried again at the next tick; health checks and metrics tell of the store.
        }
    }
}
