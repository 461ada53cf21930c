using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Agents;

/// <summary>
/// Tells which hosts' agents answer. When an agent was last heard of is known here alone; only the transitions between ready and lost are
/// written. After a start of the server every host has the whole time again.
/// </summary>
public sealed class HostWatch(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    /// <summary>A host whose agent says nothing for this long is lost.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

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
        return !back && (known!.Address, known.AgentPid, known.AgentVersion, known.Zone) == (report.Address, report.AgentPid, report.AgentVersion, report.Zone)
            ? null
            : new HostRecord
            {
                Name = host,
                Revision = known?.Revision ?? 0,
                Address = report.Address,
                Zone = report.Zone,
                AgentPid = report.AgentPid,
                AgentVersion = report.AgentVersion,
                State = HostState.Ready,
                Since = back ? time.GetUtcNow() : known!.Since,
            };
    }

    /// <summary>Looks once a second, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            foreach (var host in mirror.Read(seen => seen.All<HostRecord>().Where(h => h.State == HostState.Ready && IsSilent(h.Name)).ToArray()))
            {
                await LoseAsync(host, stop);
            }
        }
    }

    bool IsSilent(string host)
    {
        lock (gate)
        {
            return time.GetElapsedTime(heard.GetValueOrDefault(host, started)) >= Silence;
        }
    }

    // A conflict means that somebody wrote the host meanwhile; the next tick sees it.
    async Task LoseAsync(HostRecord host, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var key = kinds.Of<HostRecord>().KeyOf(host.Name);
        var lost = host with { State = HostState.Lost, Since = now };
        var note = names.Make(now, $"host/{host.Name}", Reasons.HostLost, $"the agent of {host.Name} has said nothing for {Silence.TotalSeconds:0} s", Severity.Error);
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
