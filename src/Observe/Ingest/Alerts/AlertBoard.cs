using System.Text;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Alerts;

/// <summary>An alert that somebody else raised.</summary>
/// <param name="EndsAt">When it ends, or is taken to have ended where it is not sent again.</param>
public sealed record SentAlert(
    IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations, DateTimeOffset StartsAt, DateTimeOffset EndsAt, DateTimeOffset UpdatedAt, string GeneratorUrl);

/// <summary>The alerts that were sent and have not ended, by their labels. Bounded: beyond the limit new ones are dropped and counted. Safe for any number of callers.</summary>
/// <param name="time">Its clock.</param>
/// <param name="most">The most alerts. Default 4096.</param>
public sealed class AlertBoard(TimeProvider time, int most = 4096) : IAlertSink
{
    /// <summary>An alert without an end that is not sent again for so long has ended: Alertmanager's rule.</summary>
    public static readonly TimeSpan ResolveAfter = TimeSpan.FromMinutes(5);

    readonly Lock gate = new();
    readonly Dictionary<string, SentAlert> alerts = new(StringComparer.Ordinal);
    long dropped;

    public long Dropped => Volatile.Read(ref dropped);

    public void Alert(in AlertView alert)
    {
        var now = time.GetUtcNow();
        var labels = Map(alert.Labels);
        var key = string.Join('\0', labels.Select(l => $"{l.Key}\0{l.Value}"));
        var sent = new SentAlert(labels, Map(alert.Annotations), alert.StartsAt ?? now, alert.EndsAt ?? now + ResolveAfter, now, Encoding.UTF8.GetString(alert.Generator));
        lock (gate)
        {
            Forget(now);
            if (sent.EndsAt <= now)
            {
                alerts.Remove(key);
            }
            else if (alerts.Count < most || alerts.ContainsKey(key))
            {
                alerts[key] = alerts.TryGetValue(key, out var known) && alert.StartsAt is null ? sent with { StartsAt = known.StartsAt } : sent;
            }
            else
            {
                dropped++;
            }
        }
    }

    /// <summary>Those that have not ended, the oldest first.</summary>
    public IReadOnlyList<SentAlert> Active()
    {
        lock (gate)
        {
            Forget(time.GetUtcNow());
            return [.. alerts.Values.OrderBy(a => a.StartsAt).ThenBy(a => a.Labels.GetValueOrDefault("alertname"), StringComparer.Ordinal)];
        }
    }

    void Forget(DateTimeOffset now)
    {
        foreach (var (key, alert) in alerts)
        {
            if (alert.EndsAt <= now)
            {
                alerts.Remove(key);
            }
        }
    }

    static SortedDictionary<string, string> Map(AttributeList list)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            map[Encoding.UTF8.GetString(list[i].Key)] = list[i].ToString();
        }

        return map;
    }
}
