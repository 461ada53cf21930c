using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Mainstay.Host.Roles;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Cli.Doctor;

/// <summary>The Linux machine that this process runs on.</summary>
public sealed class ThisMachine(TimeProvider time) : IMachine
{
    static readonly TimeSpan ProgramEndsWithin = TimeSpan.FromSeconds(5);

    public long? OpenFilesLimit
    {
        get
        {
            var line = Read("/proc/self/limits")?.Split('\n').FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
            return long.TryParse(line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
    }

    public async Task<string?> FirstLineOfAsync(string program, string argument, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(ProgramEndsWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null)
            {
                return null;
            }

            try
            {
                var line = await process.StandardOutput.ReadLineAsync(either.Token);
                await process.WaitForExitAsync(either.Token);
                return process.ExitCode == 0 ? line : null;
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                stop.ThrowIfCancellationRequested();
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    public FolderFacts Folder(string path)
    {
        var existing = path;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        var probe = Path.Combine(existing, $".mainstay-doctor-{Environment.ProcessId}");
        try
        {
            File.WriteAllText(probe, "x");
            File.Delete(probe);
            return new(null, free);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new(error.Message, free);
        }
    }

    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public Listener? ListenerOn(int port)
    {
        var inode = ProcNet.ListenerInode(Read("/proc/net/tcp") ?? "", port) ?? ProcNet.ListenerInode(Read("/proc/net/tcp6") ?? "", port);
        return inode is null ? null : OwnerOf($"socket:[{inode}]");
    }

    public long? StartTicksOf(int pid)
    {
        // proc(5): the program's name is in parentheses and may hold spaces; start time is field 22, the 20th after it.
        var stat = Read($"/proc/{pid}/stat");
        return stat is not null && long.TryParse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
    }

    public RolesFound RolesOf(string dataFolder)
    {
        var data = new DataLayout(dataFolder);
        var pids = Leftovers.Find(data.Root);
        return new(pids, pids.Count > 0 && File.Exists(data.SupervisorFile) && !(File.Exists(data.Lock) && Supervisor.IsHeld(data.Lock)));
    }

    Listener OwnerOf(string socket)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Holds(folder, socket))
            {
                return new(pid, (Read($"{folder}/comm") ?? "").Trim());
            }
        }

        return new(0, "");
    }

    // Processes end while they are looked at, and those of other users cannot be.
    static bool Holds(string folder, string socket)
    {
        try
        {
            return Directory.EnumerateFiles($"{folder}/fd").Any(f => IsLink(f, socket));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A busy process closes descriptors while they are looked through: one that is gone says nothing of the others.
    static bool IsLink(string descriptor, string target)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name == target;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
