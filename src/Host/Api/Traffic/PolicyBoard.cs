using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Traffic;

/// <summary>
/// How the gateways' policies stand and what they did lately, in memory; what they did is also written as events. A gateway that says nothing
/// for <see cref="Silence"/> is left out.
/// </summary>
public sealed class PolicyBoard(IStore store, KindRegistry kinds, TimeProvider time, EventNames names, Action<string, Exception>? onFault)
{
    /// <summary>After this long without a batch a gateway's policies are no longer shown.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>The notices that are kept in memory.</summary>
    public const int MostNotices = 500;

    /// <summary>The most events of one batch; the rest of a storm is one event that counts them.</summary>
    public const int MostEvents = 20;

    const int MostGateways = 256;
    readonly Lock gate = new();
    readonly Dictionary<string, (long At, IReadOnlyList<PolicyReport> Policies)> byGateway = new(StringComparer.Ordinal);
    readonly Queue<GatewayNotice> notices = new();

    /// <summary>Takes in what a batch tells. Failing to write events fails nothing else.</summary>
    public async Task TakeAsync(RecordBatch batch, CancellationToken stop)
    {
        lock (gate)
        {
            if (byGateway.Count >= MostGateways && !byGateway.ContainsKey(batch.Gateway))
            {
                byGateway.Clear();
            }

            byGateway[batch.Gateway] = (time.GetTimestamp(), batch.Policies);
            foreach (var notice in batch.Notices)
            {
                notices.Enqueue(new(batch.Gateway, notice));
            }

            while (notices.Count > MostNotices)
            {
                notices.Dequeue();
            }
        }

        if (batch.Notices.Count > 0)
        {
            await WriteEventsAsync(batch.Notices, stop);
        }
    }

    /// <summary>The policies of every gateway that is alive.</summary>
    public IReadOnlyList<GatewayPolicy> Policies()
    {
        lock (gate)
        {
            return [.. byGateway.Where(g => time.GetElapsedTime(g.Value.At) < Silence).OrderBy(g => g.Key, StringComparer.Ordinal)
                .SelectMany(g => g.Value.Policies.Select(p => new GatewayPolicy(g.Key, p)))];
        }
    }

    /// <summary>The latest notices, the newest first.</summary>
    public IReadOnlyList<GatewayNotice> Notices()
    {
        lock (gate)
        {
            return [.. notices.Reverse()];
        }
    }

    async Task WriteEventsAsync(IReadOnlyList<Notice> happened, CancellationToken stop)
    {
        var events = happened.Take(MostEvents).Select(n => names.Make(n.At, n.About, n.Reason, n.Message, n.IsWarning ? Severity.Warning : Severity.Info)).ToList();
        if (happened.Count > MostEvents)
        {
            events.Add(names.Make(time.GetUtcNow(), "gateway/gateway", "ManyNotices", $"{happened.Count - MostEvents} more happened within one second; see 'mainstay traffic'", Severity.Warning));
        }

        try
        {
            await store.CommitAsync(new([], [.. events.Select(e => new Operation(kinds.Of<Event>().KeyOf(e.Name), Codec.Encode(e)))]), stop);
        }
        catch (StoreUnavailableException fault)
        {
            onFault?.Invoke("traffic events", fault);
        }
    }
}

/// <summary>A policy as one gateway reports it.</summary>
public sealed record GatewayPolicy(string Gateway, PolicyReport Policy);

/// <summary>A notice and the gateway that gave it.</summary>
public sealed record GatewayNotice(string Gateway, Notice Notice);
