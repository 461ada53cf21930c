using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>What was last started for an instance and what became of it, as kept on disk over our own restarts.</summary>
public sealed record ProcessRecord
{
    public required string Instance { get; init; }

    /// <summary>The start that it is about; grows with each.</summary>
    public required int Epoch { get; init; }

    public required ProcPhase Phase { get; init; }

    /// <summary>Process id of the leader; 0 until it is known.</summary>
    public int Pid { get; init; }

    /// <summary>With pid and boot id: the leader's identity for ever.</summary>
    public long StartTicks { get; init; }

    public string BootId { get; init; } = "";

    public int Port { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>128 + signal where a signal ended it; null while it runs and where nobody saw it end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Whether it was ended for want of memory.</summary>
    public bool OutOfMemory { get; init; }

    /// <summary>Why it could not be started and what to do, or what ended it by force; empty otherwise.</summary>
    public string Message { get; init; } = "";

    /// <summary>It was asked to end, and is ended by force then; on the machine's clock since the boot of <see cref="BootId"/>. Null where it was not asked.</summary>
    public TimeSpan? KillAt { get; init; }

    /// <summary>Whether the leader that this is about runs now.</summary>
    internal bool IsAlive() =>
        Pid > 0 && BootId == ProcessTable.BootId && ProcessTable.Stat(Pid)?.StartTicks == StartTicks;
}

/// <summary>The records of a data folder, a file each.</summary>
sealed class ProcessRecords(DataFolder folder)
{
    public void Save(ProcessRecord record) => DataFolder.WriteAtomically(PathOf(record.Instance), Codec.Encode(record));

    public void Delete(string instance) => File.Delete(PathOf(instance));

    /// <summary>All of them; what cannot be read counts as absent, since its processes are found by their tags all the same.</summary>
    public IReadOnlyList<ProcessRecord> Load()
    {
        var records = new List<ProcessRecord>();
        foreach (var path in Directory.EnumerateFiles(folder.Records, "*.json"))
        {
            try
            {
                records.Add(Codec.Decode<ProcessRecord>(File.ReadAllBytes(path)));
            }
            catch (JsonException)
            {
                File.Delete(path);
            }
        }

        return records;
    }

    string PathOf(string instance) => Path.Combine(folder.Records, instance + ".json");
}
