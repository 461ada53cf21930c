using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Forward;
using Mainstay.Observe.Store.Logs;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Brings what instances write into the log store: each line once, over restarts of the server too.</summary>
/// <param name="data">The data folder.</param>
/// <param name="store">Where it goes.</param>
/// <param name="forward">Where it is sent on, if it is.</param>
public sealed class InstanceLogs(string data, LogStore store, Func<ForwardQueue?>? forward = null)
{
    // So that one that writes without end does not keep the others from their turn.
    const int MostPieces = 4;

    const int ForgetEvery = 240;

    readonly LogTail tail = LogTail.OfInstances(data);
    int ticks;

    /// <summary>Reads what is new. One caller at a time.</summary>
    public void Tick()
    {
        var names = tail.Names();
        foreach (var name in names)
        {
            var source = "instance/" + name;
            var mark = store.MarkOf(source) ?? default;
            for (var piece = 0; piece < MostPieces; piece++)
            {
                var (lines, file, offset) = tail.Next(name, mark.File, mark.Offset);
                if (lines.Count == 0 && file == mark.File && offset == mark.Offset)
                {
                    break;
                }

                mark = new(file, offset);
                var service = LogTail.ServiceOf(name);
                StoredLog[] records = [.. lines.Where(l => l.Text.Length > 0).Select(l => LineReader.Read(l.At, service, name, l.Text))];
                store.Add(records, source, mark);
                if (records.Length > 0 && forward?.Invoke() is { } queue && queue.Wants(TelemetrySignal.Logs))
                {
                    queue.Add(TelemetrySignal.Logs, LogLines.Write(records));
                }
            }
        }

        if (++ticks % ForgetEvery == 0)
        {
            store.Forget(names.Select(n => "instance/" + n).ToHashSet(StringComparer.Ordinal));
        }
    }
}
