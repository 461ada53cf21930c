using Mainstay.Observe.Collect.Hosts;

namespace Mainstay.Observe.Collect;

/// <summary>What the collectors read of a machine. What is not there, or may not be read, is empty or absent, never an error.</summary>
public interface IMachine
{
    /// <summary>Clock ticks a second in process times.</summary>
    double TicksPerSecond { get; }

    /// <summary>Bytes of a page of memory.</summary>
    int PageBytes { get; }

    /// <summary>The text of a file that the kernel makes; empty where there is none. Valid until the next call.</summary>
    ReadOnlySpan<byte> Read(string path);

    /// <summary>As <see cref="Read"/>, of a file that is read again and again as long as the machine runs.</summary>
    ReadOnlySpan<byte> ReadKept(string path);

    /// <summary>The numbers that folders of a folder have as names: processes of <c>/proc</c>, threads of <c>/proc/PID/task</c>.</summary>
    void Numbers(string folder, List<int> into);

    /// <summary>How many entries a folder has; -1 where it cannot be read.</summary>
    int Entries(string folder);

    /// <summary>How full the file system at a folder is; null where that cannot be told.</summary>
    Space? SpaceOf(string folder);
}
