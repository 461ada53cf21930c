using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Traffic.Decide;
using Mainstay.Traffic.Path;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Gateways;

/// <summary>
/// Compiles the gateways' table whenever something that it is made of changes; changes within <see cref="Coalesce"/> are one table. Its
/// revision is the store's: a gateway that serves it has everything up to there.
/// </summary>
/// <param name="mirror">What is declared.</param>
/// <param name="time">The clock.</param>
/// <param name="secret">What keys of gateways are derived of; stays the same as long as the data folder does.</param>
public sealed class TableSource(Mirror mirror, TimeProvider time, string secret)
{
    /// <summary>The least time between two tables.</summary>
    public static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(10);

    readonly Lock gate = new();
    TableLine? current;
    (long Number, byte[] Json) asked;
    (long Number, byte[] Json) fenced;
    readonly Signal granted = new();
    volatile HashSet<string> fences = [];
    TaskCompletionSource next = NewPulse();

    /// <summary>How many tables were made.</summary>
    public long Made { get; private set; }

    /// <summary>The tables from now on, the current one first unless its revision is <paramref name="after"/>. A slow reader gets the newest only.</summary>
    public async IAsyncEnumerable<TableLine> ReadAsync(long after, [EnumeratorCancellation] CancellationToken stop)
    {
        // Grants that were told while a gateway was away are told again; a question is not.
        long heard, learned = 0;
        lock (gate)
        {
            heard = asked.Number;
        }

        while (true)
        {
            TableLine? table;
            Task wait;
            (long Number, byte[] Json) question, grants;
            lock (gate)
            {
                (table, wait, question, grants) = (current, next.Task, asked, fenced);
            }

            if (grants.Number > learned)
            {
                learned = grants.Number;
                yield return new TableLine(after, grants.Json);
            }
            else if (question.Number > heard)
            {
                heard = question.Number;
                yield return new TableLine(after, question.Json);
            }
            else if (table is not null && table.Revision != after)
            {
                after = table.Revision;
                yield return table;
            }
            else
            {
                await wait.WaitAsync(stop);
            }
        }
    }

    /// <summary>Sends a line between the tables to every gateway that follows them now. Of several within a moment the newest is sent.</summary>
    public void Ask(byte[] line)
    {
        TaskCompletionSource passed;
        lock (gate)
        {
            asked = (asked.Number + 1, line);
            (passed, next) = (next, NewPulse());
        }

        passed.SetResult();
    }

    /// <summary>Compiles until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var touched = new Signal();
        var (_, subscription) = mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((after ?? before) is NamedLock one)
            {
                if (fences.Contains(one.Name))
                {
                    granted.Set();
                }
            }
            else if ((before, after) is (HostRecord or null, HostRecord or null) && (((HostRecord?)before)?.Zone, ((HostRecord?)before)?.Mesh) != (((HostRecord?)after)?.Zone, ((HostRecord?)after)?.Mesh))
            {
                touched.Set();
            }
            else if ((after ?? before) is HostIdentity or Gateway or Route or Endpoints or MeshLink or Intervention or CachePurge || (before, after) is (Service or null, Service or null) && IsOtherTraffic((Service?)before, (Service?)after))
            {
                touched.Set();
            }
        });
        using (subscription)
        {
            while (!await mirror.ReachAsync(0, stop))
            {
                // The store does not answer yet; gateways serve what they last knew.
            }

            while (true)
            {
                Publish();
                await Task.Delay(Coalesce, time, stop);
                await touched.WaitAsync(stop);
            }
        }
    }

    /// <summary>Tells of grants until stopped: they come far more often than anything else of a table changes. Each line has all fences, so that a slow reader needs the newest alone.</summary>
    public async Task TellFencesAsync(CancellationToken stop)
    {
        while (true)
        {
            await granted.WaitAsync(stop);
            var line = mirror.Read(seen => new FenceLine([.. fences.Order(StringComparer.Ordinal).Select(name => TableDecide.FenceOf(name, seen.Get<NamedLock>(name)))]));
            TaskCompletionSource passed;
            lock (gate)
            {
                fenced = (fenced.Number + 1, Encoding.UTF8.GetBytes(line.ToJson()));
                (passed, next) = (next, NewPulse());
            }

            passed.SetResult();
        }
    }

    // The revision is that of everything seen, not of the newest part: it must grow when a part is deleted, too.
    void Publish()
    {
        var table = mirror.Read(seen => TableDecide.Next(new(
            seen.Revision, seen.Get<Gateway>(Gateway.TheName), seen.All<Route>(), seen.All<MeshLink>(), seen.All<Endpoints>(),
            seen.All<Service>().ToDictionary(s => s.Name, InForce, StringComparer.Ordinal), seen.All<Intervention>())
        { Purges = seen.All<CachePurge>(), Secret = secret, Zones = ZonesOf(seen), Ways = WaysOf(seen), Hosts = seen.All<HostIdentity>(), Locks = seen.Get<NamedLock> }));
        if (!fences.SetEquals(table.Fences.Select(f => f.Lock)))
        {
            // What changed between the reading and this line has not been told.
            fences = [.. table.Fences.Select(f => f.Lock)];
            granted.Set();
        }

        TaskCompletionSource passed;
        lock (gate)
        {
            Made++;
            current = new(table.Revision, Encoding.UTF8.GetBytes(table.ToJson()));
            (passed, next) = (next, NewPulse());
        }

        passed.SetResult();
    }

    static Dictionary<string, string> ZonesOf(Snapshot seen)
    {
        var zones = seen.All<HostRecord>().Where(h => h.Zone is not null).ToDictionary(h => h.Name, h => h.Zone!, StringComparer.Ordinal);
        return zones.Count == 0 ? [] : seen.All<Instance>().Where(i => zones.ContainsKey(i.Host)).ToDictionary(i => i.Name, i => zones[i.Host], StringComparer.Ordinal);
    }

    static Dictionary<string, ViaModel> WaysOf(Snapshot seen)
    {
        var hosts = new Dictionary<string, ViaModel>(StringComparer.Ordinal);
        foreach (var host in seen.All<HostRecord>())
        {
            if (IPEndPoint.TryParse(host.Mesh ?? "", out var at))
            {
                hosts[host.Name] = new(host.Name, at.Address.ToString(), at.Port);
            }
        }

        return hosts.Count == 0 ? [] : seen.All<Instance>().Where(i => hosts.ContainsKey(i.Host)).ToDictionary(i => i.Name, i => hosts[i.Host], StringComparer.Ordinal);
    }

    // A service's status changes every moment, its terms of traffic seldom.
    static bool IsOtherTraffic(Service? before, Service? after) =>
        before is null || after is null
        || InForce(before).IsOnDemand != InForce(after).IsOnDemand
        || (!ReferenceEquals(before.Spec, after.Spec)
            && (before.Spec.Criticality != after.Spec.Criticality || !Codec.Same(before.Spec.Traffic, after.Spec.Traffic) || !Codec.Same(before.Spec.Needs, after.Spec.Needs)));

    static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // What somebody switched off is not started by a request.
    static ServiceSpec InForce(Service service) => service.Scale == 0 ? service.Spec with { Scale = null } : service.Spec;
}

/// <summary>A table as gateways get it.</summary>
/// <param name="Revision">The store's revision that it reflects.</param>
/// <param name="Json">One line: a table, or a question that comes between them.</param>
public sealed record TableLine(long Revision, byte[] Json);
