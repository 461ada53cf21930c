using System.Globalization;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// The exit codes of tasks, written down by the shell that runs them: whether a task succeeded is known even where nobody of us saw it end.
/// </summary>
sealed class ExitFiles(DataFolder folder)
{
    /// <summary>The command that does what <paramref name="command"/> does, with its exit code, and notes that.</summary>
    public string Noting(string command, string instance, int epoch) =>
        $"(\n{command}\n)\ncode=$?\necho $code > '{PathOf(instance, epoch).Replace("'", "'\\''", StringComparison.Ordinal)}'\nexit $code";

    /// <summary>The noted exit code; null where none was, as after a signal.</summary>
    public int? Of(string instance, int epoch)
    {
        try
        {
            return int.TryParse(File.ReadAllText(PathOf(instance, epoch)).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Forget(string instance)
    {
        foreach (var path in Directory.EnumerateFiles(folder.Records, instance + ".*.exit"))
        {
            File.Delete(path);
        }
    }

    string PathOf(string instance, int epoch) => Path.Combine(folder.Records, string.Create(CultureInfo.InvariantCulture, $"{instance}.{epoch}.exit"));
}
