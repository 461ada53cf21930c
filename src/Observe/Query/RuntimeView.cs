namespace Mainstay.Observe.Query;

/// <summary>How hosts and instances stand, from what was sampled of them.</summary>
/// <param name="At">When it was made.</param>
/// <param name="Hosts">Those of which there are samples, by name.</param>
/// <param name="Instances">Likewise.</param>
/// <param name="Middleware">What is probed, by name.</param>
public sealed record RuntimeView(DateTimeOffset At, IReadOnlyList<HostFigures> Hosts, IReadOnlyList<InstanceFigures> Instances, IReadOnlyList<MiddlewareFigures> Middleware);

/// <summary>A host. What the machine does not tell is absent; shares are 0 to 1; rates are over the last 15 s.</summary>
public sealed record HostFigures
{
    public required string Name { get; init; }

    /// <summary>Number of processors.</summary>
    public double? Processors { get; init; }

    /// <summary>Share of all processors' time that was neither idle nor waiting for disks.</summary>
    public double? Cpu { get; init; }

    /// <summary>Share of it taken by the machine that this is a guest of.</summary>
    public double? Steal { get; init; }

    /// <summary>Share of it spent waiting for disks.</summary>
    public double? IoWait { get; init; }

    /// <summary>Share of time that a limit of the control group held tasks back.</summary>
    public double? Throttled { get; init; }

    /// <summary>Threads that run or want to, on average over a minute.</summary>
    public double? Load { get; init; }

    /// <summary>Bytes.</summary>
    public double? MemoryTotal { get; init; }

    /// <summary>Bytes that programs could get without swapping.</summary>
    public double? MemoryAvailable { get; init; }

    /// <summary>Bytes; absent where there is no swap.</summary>
    public double? SwapUsed { get; init; }

    /// <summary>Share of time in which something waited for a processor, memory or a disk.</summary>
    public double? CpuPressure { get; init; }

    public double? MemoryPressure { get; init; }

    public double? IoPressure { get; init; }

    /// <summary>File descriptors of the whole machine.</summary>
    public double? OpenFiles { get; init; }

    public IReadOnlyList<DiskUse> Disks { get; init; } = [];

    public IReadOnlyList<FileSystemUse> FileSystems { get; init; } = [];

    public IReadOnlyList<NetworkUse> Networks { get; init; } = [];

    /// <summary>The last five minutes in steps of 5 s, newest last; null where nothing is known.</summary>
    public required HostTrends Trends { get; init; }
}

/// <summary>Shares of 0 to 1 over time.</summary>
/// <param name="Cpu">Busy.</param>
/// <param name="Memory">Not available.</param>
/// <param name="Disk">Time in which the busiest disk was busy.</param>
/// <param name="Pressure">Time in which something waited for a processor.</param>
public sealed record HostTrends(IReadOnlyList<double?> Cpu, IReadOnlyList<double?> Memory, IReadOnlyList<double?> Disk, IReadOnlyList<double?> Pressure);

/// <summary>A disk: bytes per second and the share of time in which it was busy.</summary>
public sealed record DiskUse(string Device, double? ReadBytes, double? WriteBytes, double? Busy);

/// <summary>A file system, in bytes.</summary>
public sealed record FileSystemUse(string Folder, string Device, double Used, double Free);

/// <summary>An interface: bytes, errors and drops per second.</summary>
public sealed record NetworkUse(string Interface, double? Received, double? Sent, double? Errors);

/// <summary>An instance: all of its processes together. What is not known is absent; rates are per second over the last 15 s.</summary>
public sealed record InstanceFigures
{
    public required string Name { get; init; }

    public required string Service { get; init; }

    public string Version { get; init; } = "";

    public required string Host { get; init; }

    /// <summary>Processors in use: 1 is one whole.</summary>
    public double? Cpu { get; init; }

    /// <summary>Resident memory in bytes, shared pages counted with each process.</summary>
    public double? Memory { get; init; }

    /// <summary>Memory in bytes, shared pages counted by share.</summary>
    public double? MemoryShare { get; init; }

    public double? Processes { get; init; }

    public double? Threads { get; init; }

    /// <summary>Open file descriptors.</summary>
    public double? Files { get; init; }

    public double? ReadBytes { get; init; }

    public double? WriteBytes { get; init; }

    /// <summary>How often its threads gave up a processor or lost it.</summary>
    public double? ContextSwitches { get; init; }

    /// <summary>Seconds.</summary>
    public double? Uptime { get; init; }

    public double? Restarts { get; init; }

    /// <summary>Share of time that a limit held it back; absent without one.</summary>
    public double? Throttled { get; init; }

    /// <summary>What the .NET runtime tells; absent for others.</summary>
    public DotNetFigures? DotNet { get; init; }
}

/// <summary>A .NET runtime; rates are per second over the last 15 s.</summary>
public sealed record DotNetFigures
{
    /// <summary>Bytes of objects.</summary>
    public double? Heap { get; init; }

    /// <summary>Bytes allocated.</summary>
    public double? Allocated { get; init; }

    /// <summary>Collections of all generations.</summary>
    public double? Collections { get; init; }

    /// <summary>Share of time in which it stood still for collections, 0 to 1.</summary>
    public double? Paused { get; init; }

    public double? PoolThreads { get; init; }

    /// <summary>Work items that wait for a thread.</summary>
    public double? PoolQueue { get; init; }

    /// <summary>Locks that had to be waited for.</summary>
    public double? Contentions { get; init; }

    public double? Exceptions { get; init; }
}

/// <summary>A server that is probed, with its key figures.</summary>
/// <param name="Name">As declared: a watched server's, or a service's.</param>
/// <param name="Kind">nginx, redis, rabbitmq, postgres or prometheus.</param>
/// <param name="Target">What was asked: an address, or an instance.</param>
/// <param name="Up">Whether the last probe succeeded.</param>
/// <param name="Why">Why it failed; empty where it did not.</param>
/// <param name="Figures">The few that tell most, in a fixed order.</param>
public sealed record MiddlewareFigures(string Name, string Kind, string Target, bool Up, string Why, IReadOnlyList<KeyFigure> Figures);

/// <summary>A figure.</summary>
/// <param name="Name">Stable, for programs and translations: <c>connections</c>, <c>hitRatio</c> …</param>
/// <param name="Unit">In UCUM: <c>1</c> is a share or a number.</param>
public sealed record KeyFigure(string Name, string Unit, double? Value);
