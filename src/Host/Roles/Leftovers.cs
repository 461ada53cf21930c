using System.Globalization;
using System.Text;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>Roles of a data folder whose supervisor is gone: found by their command line, asked to end, then ended.</summary>
static class Leftovers
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    /// <summary>Ends every role process of <paramref name="data"/>; gives how many there were. Instances are not touched.</summary>
    public static async Task<int> EndAsync(string data, TimeProvider time)
    {
        var found = Find(data);
        await Task.WhenAll(found.Select(pid => EndAsync(pid, time)));
        return found.Count;
    }

    /// <summary>The role processes of <paramref name="data"/>, other than this one.</summary>
    public static List<int> Find(string data)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && pid != Environment.ProcessId
                && Arguments(folder) is [_, "server" or "gateway" or "agent", "--data", var of, ..]
                && of == data
                && ProcessTable.Stat(pid) is not null)
            {
                found.Add(pid);
            }
        }

        return found;
    }

    static string[] Arguments(string folder)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static async Task EndAsync(int pid, TimeProvider time)
    {
        var pidfd = Posix.PidfdOpen(pid);
        if (pidfd < 0)
        {
            return;
        }

        using var events = new EventThread("leftover");
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        events.Add(pidfd, once: true, () => ended.TrySetResult());
        _ = Posix.PidfdSendSignal(pidfd, Posix.SigTerm);
        try
        {
            await ended.Task.WaitAsync(Patience, time);
        }
        catch (TimeoutException)
        {
            _ = Posix.PidfdSendSignal(pidfd, Posix.SigKill);
            await ended.Task;
        }
    }
}
