using System.Text.Json;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// What the gateway keeps on disk, under <c>&lt;data&gt;/gateway</c>: the last table, with which it starts when the server is away, and the
/// file that says it is ready. Both are replaced as a whole (written beside and renamed).
/// </summary>
internal sealed class TableFile(string dataFolder)
{
    private readonly string folder = System.IO.Path.Combine(dataFolder, "gateway");

    private string Table => System.IO.Path.Combine(folder, "table.json");

    private string Ready => System.IO.Path.Combine(folder, "ready");

    /// <summary>The last table; null if there is none, or it cannot be read (<paramref name="problem"/> then says why).</summary>
    public TableModel? Load(out string? problem)
    {
        problem = null;
        try
        {
            return File.Exists(Table) ? TableModel.FromJson(File.ReadAllText(Table)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            problem = $"{Table} cannot be used and is ignored: {e.Message}";
            return null;
        }
    }

    /// <summary>Keeps a table. Null, or why it could not be kept: the gateway then serves on, but would start with an older one.</summary>
    public string? Save(TableModel table) => Replace(Table, table.ToJson());

    /// <summary>Says that this process serves a revision.</summary>
    public string? SayReady(long revision) =>
        Replace(Ready, JsonSerializer.Serialize(new ReadyFile(Environment.ProcessId, revision), TrafficJson.Default.ReadyFile));

    /// <summary>Whether another process has said that it is ready, and lives.</summary>
    public bool IsServedByAnother() =>
        Said() is { } said && said.Pid != Environment.ProcessId && Directory.Exists($"/proc/{said.Pid}");

    /// <summary>Takes the word back, unless a successor has spoken meanwhile.</summary>
    public void EndReady()
    {
        try
        {
            if (Said()?.Pid == Environment.ProcessId) File.Delete(Ready);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be deleted names a process that is gone: nobody believes it.
        }
    }

    // Null where it is gone or unreadable: then it says nothing about anybody.
    private ReadyFile? Said()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(Ready), TrafficJson.Default.ReadyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private string? Replace(string file, string text)
    {
        var beside = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(beside, text);
            File.Move(beside, file, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{file} cannot be written: {e.Message}";
        }
    }
}
