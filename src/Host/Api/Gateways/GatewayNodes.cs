using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Observe.Query;
using RecordBatch = Mainstay.Traffic.Path.RecordBatch;

namespace Mainstay.Host.Api.Gateways;

/// <summary>
/// Knows the gateway processes. Each has a node in the store that is written only when its table, its process or its failed listeners change,
/// and deleted when the process has said nothing for <see cref="Silence"/>: an instance that drains waits for the tables of all nodes.
/// </summary>
public sealed class GatewayNodes(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time)
{
    /// <summary>A gateway that says nothing for this long is gone.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    const int Attempts = 8;

    readonly Lock gate = new();
    readonly Dictionary<string, long> heard = new(StringComparer.Ordinal);
    readonly long started = time.GetTimestamp();

    /// <summary>The node's name of a gateway's id: lower case, and every character that no name has becomes a dash.</summary>
    public static string NameOf(string id)
    {
        var name = new string([.. id.ToLowerInvariant().Take(Names.MaxLength).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '-')]).Trim('-', '.');
        return name.Length == 0 ? "unnamed" : name;
    }

    /// <summary>Takes in how a gateway stands; false where its node could not be written against ever new changes.</summary>
    public async Task<bool> TakeAsync(RecordBatch batch, CancellationToken stop)
    {
        var name = NameOf(batch.Gateway);
        lock (gate)
        {
            heard[name] = time.GetTimestamp();
        }

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var known = mirror.Read(seen => seen.Get<GatewayNode>(name));
            var node = new GatewayNode
            {
                Name = name,
                Pid = batch.Pid,
                TableRevision = batch.TableRevision,
                FailedListeners = [.. batch.FailedListeners.Select(f => new FailedListener(f.Name, f.Port, f.Error))],
            };
            if (known is not null && Codec.Same(known, node))
            {
                return true;
            }

            var result = await store.CommitAsync(new([new(KeyOf(name), known?.Revision ?? 0)], [new(KeyOf(name), Codec.Encode(node))]), stop);
            await mirror.ReachAsync(result.Revision, stop);
            if (result.Succeeded)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets silent gateways once a second, until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            foreach (var node in mirror.Read(seen => seen.All<GatewayNode>().Where(n => IsSilent(n.Name)).ToArray()))
            {
                try
                {
                    await store.CommitAsync(new([new(KeyOf(node.Name), node.Revision)], [new(KeyOf(node.Name), null)]), stop);
                }
                catch (StoreUnavailableException)
                {
                    // Tried again at the next tick; health checks and metrics tell of the store.
                }
            }

            ForgetUnknown();
        }
    }

    /// <summary>How the gateway stands as a whole.</summary>
    public GatewayStanding Standing()
    {
        var nodes = mirror.Read(seen => seen.All<GatewayNode>().ToArray());
        if (nodes.Length == 0)
        {
            var waiting = time.GetElapsedTime(started) < Silence;
            return waiting
                ? new(Lifecycle.Provision, Reasons.Starting, "no gateway has reported yet", 0, 0)
                : new(Lifecycle.Failed, "Silent", $"no gateway has reported for {Silence.TotalSeconds:0} s", 0, 0);
        }

        var revision = nodes.Min(n => n.TableRevision);
        var failed = nodes.SelectMany(n => n.FailedListeners).FirstOrDefault();
        return failed is null
            ? new(Lifecycle.Run, Reasons.Serving, "", revision, nodes.Length)
            : new(Lifecycle.Failed, "ListenFailed", $"cannot listen on port {failed.Port} for {failed.Name}: {failed.Error}", revision, nodes.Length);
    }

    string KeyOf(string name) => kinds.Of<GatewayNode>().KeyOf(name);

    bool IsSilent(string name)
    {
        lock (gate)
        {
            return time.GetElapsedTime(heard.GetValueOrDefault(name, started)) >= Silence;
        }
    }

    void ForgetUnknown()
    {
        lock (gate)
        {
            foreach (var name in heard.Where(h => time.GetElapsedTime(h.Value) >= 2 * Silence).Select(h => h.Key).ToArray())
            {
                heard.Remove(name);
            }
        }
    }
}
