using System.Collections.Concurrent;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Starts, watches, adopts and stops the processes of instances. Effects:
/// <list type="number">
/// <item>Every verb is keyed by instance and epoch and idempotent: doing it again changes nothing, an older epoch is ignored.</item>
/// <item>An instance has at most one process group at any time: a start while an earlier epoch runs does nothing and says so.</item>
/// <item>What is about to be started is on disk before it is started, so that whatever ends us at whatever time, <see cref="Recover"/> finds every process.</item>
/// <item>A process counts as ended when all of its session, and all others that carry the instance's tags, have ended; what the
/// leader leaves behind is ended by force, in a stop after the grace.</item>
/// <item>Instances outlive us: disposing leaves them running. A stop outlives us as well: <see cref="Recover"/> goes on with it where it was.</item>
/// </list>
/// Failures to start are values (<see cref="ProcPhase.Failed"/>) with a remedy. Needs Linux 5.3 for pidfds.
/// </summary>
public sealed class ProcessRuntime(DataFolder folder, PortPicker ports, EventThread events, TimeProvider time) : IDisposable
{
    readonly ConcurrentDictionary<string, SupervisedProcess> byInstance = new(StringComparer.Ordinal);
    readonly ProcessRecords records = new(folder);
    readonly Func<TimeSpan> clock = BootClock.Beside(time);

    /// <summary>Called after each change of an instance's process, in order per instance.</summary>
    public required Action<ProcessRecord> OnChange { get; init; }

    /// <summary>Holds processes to their limits. Default: nothing does.</summary>
    public ControlGroups? Groups { get; init; }

    /// <summary>Called with what could not be written and is done without, for the log. Default: nothing.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Finds what earlier runs of us started: adopts what runs with the same process ids, and ends what nobody knows.</summary>
    /// <returns>One record per instance that was not forgotten.</returns>
    public IReadOnlyList<ProcessRecord> Recover()
    {
        var tagged = ProcessTable.Tagged(folder.AgentId);
        var recovered = new List<ProcessRecord>();
        foreach (var saved in records.Load())
        {
            var record = Settle(saved, tagged);
            if (record.Port != 0)
            {
                ports.Keep(record.Instance, record.Port);
            }

            recovered.Add(Of(record.Instance).Recover(record));
        }

        // What carries no epoch is a check that we did not live to end.
        foreach (var stray in tagged.Where(t => t.Epoch == 0 || !byInstance.ContainsKey(t.Part)))
        {
            ProcessTable.Kill(stray.Stat);
        }

        return recovered;
    }

    /// <summary>Starts the instance's process unless this epoch or a later one was started before.</summary>
    public ProcessRecord Start(ProcessStart start) => Of(start.Instance).Start(start);

    /// <summary>Asks the process of this epoch to end (SIGTERM to its group) and ends it by force after the grace. Returns at once.</summary>
    /// <remarks>An epoch that was not started yet never will be: it is reported as ended at once.</remarks>
    public void Stop(string instance, int epoch, TimeSpan grace) => Of(instance).Stop(epoch, grace);

    /// <summary>Drops what is known of an instance whose process has ended, and frees its port.</summary>
    public void Forget(string instance)
    {
        if (byInstance.TryGetValue(instance, out var process) && process.Forget())
        {
            byInstance.TryRemove(new(instance, process));
        }
    }

    public void Dispose()
    {
        foreach (var process in byInstance.Values)
        {
            process.Dispose();
        }
    }

    SupervisedProcess Of(string instance) => byInstance.GetOrAdd(
        instance, name => new SupervisedProcess(name, new(folder, records, ports, events, time, clock, OnChange, OnFault, Groups)));

    // The record says what was known when we ended; the process table says what is.
    static ProcessRecord Settle(ProcessRecord saved, IReadOnlyList<TaggedProcess> tagged)
    {
        if (saved.Phase != ProcPhase.Starting)
        {
            return saved;
        }

        // We ended between the intent and the pid. A process of that start leads its session and carries the start's tags.
        foreach (var process in tagged)
        {
            if (process.Part == saved.Instance && process.Epoch == saved.Epoch && process.Stat.Session == process.Stat.Pid)
            {
                return saved with { Phase = ProcPhase.Running, Pid = process.Stat.Pid, StartTicks = process.Stat.StartTicks, BootId = ProcessTable.BootId };
            }
        }

        // It never came to a process: as if the start had not been asked for.
        return saved with { Phase = ProcPhase.Ended, Epoch = saved.Epoch - 1 };
    }
}

/// <summary>What to start.</summary>
/// <param name="Instance">The instance's name.</param>
/// <param name="Epoch">Which start of it this is.</param>
/// <param name="Command">The command, for <see cref="ShellCommand"/>.</param>
/// <param name="Folder">Absolute working folder.</param>
/// <param name="Environment">The environment, once the port is known.</param>
/// <param name="Output">File that standard output is appended to.</param>
/// <param name="Error">File that standard error is appended to.</param>
/// <param name="Resources">What it may use; null for all.</param>
public sealed record ProcessStart(
    string Instance,
    int Epoch,
    string Command,
    string Folder,
    Func<int, Dictionary<string, string>> Environment,
    string Output,
    string Error,
    Core.Kinds.Schedule.ResourceSpec? Resources = null);
