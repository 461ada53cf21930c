namespace Mainstay.Observe.Correlate;

/// <summary>What is followed over time of edges, services, routes, instances, hosts, probed servers, statements and queues.</summary>
public enum Figure
{
    /// <summary>Requests, calls or messages per second.</summary>
    Rate,

    /// <summary>0 to 1.</summary>
    ErrorRatio,

    /// <summary>Milliseconds.</summary>
    MeanMs,

    /// <summary>Milliseconds.</summary>
    P99Ms,

    /// <summary>Processors that an instance uses.</summary>
    Cpu,

    /// <summary>Seconds a second that the threads of an instance could have run and waited for a processor.</summary>
    CpuWait,

    /// <summary>The busy share of all processors of a host.</summary>
    Busy,

    /// <summary>How many processors a host has.</summary>
    Processors,

    Steal,
    Throttled,
    IoWait,
    DiskBusy,
    MemoryPressure,
    NetworkErrors,

    /// <summary>Share of time in which a runtime stands still for collections.</summary>
    GcPaused,

    PoolQueue,
    Contentions,
    Restarts,

    /// <summary>1 where a probed server answers.</summary>
    Up,

    WaitingLocks,
    LongestTransaction,
    ConnectionShare,

    /// <summary>Callers that wait for a connection of their pool.</summary>
    PoolPending,

    /// <summary>Messages that are ready, or wait for their acknowledgement.</summary>
    Backlog,

    Consumers,
    Delivered,
}

/// <summary>How much of a figure is noise whatever its history says.</summary>
public static class FigureTraits
{
    /// <summary>The smallest standard deviation that is believed, beside a twentieth of the usual value.</summary>
    public static double Floor(this Figure figure) => figure switch
    {
        Figure.Rate or Figure.Delivered => 0.2,
        Figure.ErrorRatio => 0.004,
        Figure.MeanMs => 0.5,
        Figure.P99Ms => 2,
        Figure.Backlog => 3,
        Figure.Contentions => 4,
        Figure.PoolQueue => 1,
        Figure.WaitingLocks or Figure.Restarts or Figure.Consumers or Figure.PoolPending => 0.2,
        Figure.LongestTransaction => 0.2,
        Figure.NetworkErrors => 0.1,
        _ => 0.01,
    };

    /// <summary>The unit, for people.</summary>
    public static string Unit(this Figure figure) => figure switch
    {
        Figure.Rate or Figure.Delivered or Figure.Contentions or Figure.NetworkErrors => "/s",
        Figure.MeanMs or Figure.P99Ms => "ms",
        Figure.LongestTransaction or Figure.CpuWait => "s",
        Figure.ErrorRatio or Figure.Busy or Figure.Steal or Figure.Throttled or Figure.IoWait or Figure.DiskBusy or Figure.MemoryPressure or Figure.GcPaused or Figure.ConnectionShare => "share",
        _ => "1",
    };
}

/// <summary>The names under which figures are followed.</summary>
public static class Subjects
{
    public static string Edge(string from, string to) => $"edge/{from}>{to}";

    public static string Service(string name) => $"service/{name}";

    public static string Route(string name) => $"route/{name}";

    public static string Instance(string name) => $"instance/{name}";

    public static string Host(string name) => $"host/{name}";

    /// <summary>A server that is probed, by its name.</summary>
    public static string Probe(string name) => $"probe/{name}";

    public static string Statement(string service, string text) => $"statement/{service}/{text}";
}
