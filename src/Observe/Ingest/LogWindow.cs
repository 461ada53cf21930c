using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Ingest;

/// <summary>A log record as it was kept.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Severity">OTLP's number; 0 where it was not said.</param>
/// <param name="Level">As the sender wrote it.</param>
/// <param name="Trace">Null where it is part of none.</param>
public sealed record StoredLog(
    DateTimeOffset At, string Service, string Instance, int Severity, string Level, string Message, string? Trace, string? Span, IReadOnlyList<StoredAttribute> Attributes);

/// <summary>Which log records are wanted.</summary>
public sealed record LogQuery
{
    public string? Service { get; init; }

    /// <summary>Part of the message, whatever its case.</summary>
    public string? Text { get; init; }

    /// <summary>The least severity.</summary>
    public int Severity { get; init; }

    public string? Trace { get; init; }

    public int Limit { get; init; } = 100;
}

/// <summary>The newest log records in memory, by bytes; the oldest go. Safe for one writer at a time and any number of readers.</summary>
/// <param name="mostBytes">About how much memory they may take. Default 32 MiB.</param>
public sealed class LogWindow(long mostBytes = 32L << 20) : ILogSink
{
    readonly Lock gate = new();
    readonly Queue<(StoredLog Log, int Bytes)> kept = new();
    long bytes;
    long forgotten;
    string service = "";
    string instance = "";

    /// <summary>Records that made room for newer ones.</summary>
    public long Forgotten => Volatile.Read(ref forgotten);

    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        service = resource.Service.IsEmpty ? "unknown_service" : Encoding.UTF8.GetString(resource.Service);
        instance = Encoding.UTF8.GetString(resource.Instance);
    }

    public void Log(in LogView log)
    {
        var attributes = new StoredAttribute[Math.Min(log.Attributes.Count, 128)];
        var size = 200;
        for (var i = 0; i < attributes.Length; i++)
        {
            var one = log.Attributes[i];
            attributes[i] = new(Encoding.UTF8.GetString(one.Key), one.ToString());
            size += 80 + (2 * (attributes[i].Key.Length + attributes[i].Value.Length));
        }

        var message = log.Body.ToString();
        size += 2 * message.Length;
        var stored = new StoredLog(
            DateTimeOffset.UnixEpoch.AddTicks(log.Time / 100), service, instance, log.Severity, Encoding.UTF8.GetString(log.SeverityText), message,
            log.Trace.IsZero ? null : log.Trace.ToString(), log.Span == 0 ? null : log.Span.ToString("x16"), attributes);
        lock (gate)
        {
            kept.Enqueue((stored, size));
            bytes += size;
            while (bytes > mostBytes && kept.TryDequeue(out var oldest))
            {
                bytes -= oldest.Bytes;
                forgotten++;
            }
        }
    }

    /// <summary>The newest that match, newest first.</summary>
    public IReadOnlyList<StoredLog> Find(LogQuery query)
    {
        lock (gate)
        {
            return
            [
                .. kept.Reverse().Select(k => k.Log).Where(l =>
                    (query.Service is null || l.Service == query.Service) && l.Severity >= query.Severity && (query.Trace is null || l.Trace == query.Trace)
                    && (query.Text is null || l.Message.Contains(query.Text, StringComparison.OrdinalIgnoreCase))).Take(query.Limit),
            ];
        }
    }
}
