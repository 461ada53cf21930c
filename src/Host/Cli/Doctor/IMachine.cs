namespace Mainstay.Host.Cli.Doctor;

/// <summary>What <c>doctor</c> asks the machine. Nothing here throws for what may be missing: that is a finding.</summary>
public interface IMachine
{
    /// <summary>The first line that a program writes; null where there is no such program, it fails, or it takes longer than 5 s.</summary>
    Task<string?> FirstLineOfAsync(string program, string argument, CancellationToken stop);

    FolderFacts Folder(string path);

    /// <summary>The text of a small file; null where there is none that can be read.</summary>
    string? Read(string path);

    /// <summary>Who listens on a TCP port of this machine; null where nobody does.</summary>
    Listener? ListenerOn(int port);

    /// <summary>When a process was started, in clock ticks since boot; null where none has that id.</summary>
    long? StartTicksOf(int pid);

    /// <summary>The roles that run on a data folder of this machine.</summary>
    RolesFound RolesOf(string dataFolder);

    /// <summary>How many files a process may have open; null where that is not known.</summary>
    long? OpenFilesLimit { get; }
}

/// <summary>A folder, or the nearest one above it that exists.</summary>
/// <param name="Error">Why nothing can be written there; null where it can.</param>
/// <param name="FreeBytes">Space left on its disk.</param>
public sealed record FolderFacts(string? Error, long FreeBytes);

/// <summary>The roles of a data folder, as they are found among the machine's processes.</summary>
/// <param name="Pids">Their processes, without what keeps them running.</param>
/// <param name="Left">Whether what kept them running has ended without them.</param>
public sealed record RolesFound(IReadOnlyList<int> Pids, bool Left);

/// <summary>A process that listens.</summary>
/// <param name="Pid">0 where another user's processes cannot be seen.</param>
/// <param name="Program">Its name; empty with an unknown process.</param>
public sealed record Listener(int Pid, string Program);
