using System.Globalization;

namespace Mainstay.State.Requests;

/// <summary>A process of this machine, told apart from a later one with the same id by when it began: <c>PID.TICKS</c>.</summary>
static class ProcessMark
{
    /// <summary>This process.</summary>
    public static string Own { get; } = Of(Environment.ProcessId) ?? Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether the process lives.</summary>
    public static bool IsAlive(string mark)
    {
        var dot = mark.IndexOf('.', StringComparison.Ordinal);
        return int.TryParse(dot < 0 ? mark : mark[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Of(pid) == mark;
    }

    // proc(5): the 22nd field is when it began; the second, its name, may hold spaces and brackets.
    static string? Of(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // A zombie does nothing any more.
            return fields[0] is "Z" or "X" ? null : string.Create(CultureInfo.InvariantCulture, $"{pid}.{fields[19]}");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
