namespace Mainstay.Host.Api;

/// <summary>The bounds of everything that the Admin API takes in or holds; listed in <c>docs/api.md</c>.</summary>
public sealed record ApiLimits
{
    /// <summary>Largest body of <c>apply</c>, in bytes. Default 12 MiB.</summary>
    public long ApplyBytes { get; init; } = 12 << 20;

    /// <summary>Largest report of an agent or batch of a gateway, in bytes. Default 8 MiB.</summary>
    public long InternalBytes { get; init; } = 8 << 20;

    /// <summary>Largest request line, in bytes: it bounds path and query. Default 8 KiB.</summary>
    public int RequestLineBytes { get; init; } = 8 << 10;

    /// <summary>All request headers together, in bytes. Default 32 KiB.</summary>
    public int HeaderBytes { get; init; } = 32 << 10;

    /// <summary>Number of request headers. Default 64.</summary>
    public int Headers { get; init; } = 64;

    /// <summary>Streams (watches, followed logs) open at the same time; one more is refused with 503. Default 256. Internal streams have the same number of their own.</summary>
    public int Streams { get; init; } = 256;

    /// <summary>Connections open at the same time. Those that wait for a lock or for configuration are among them. Default 4096.</summary>
    public int Connections { get; init; } = 4096;

    /// <summary>Items of a list's page where <c>limit</c> is absent. Default 500.</summary>
    public int Page { get; init; } = 500;

    /// <summary>The largest <c>limit</c>. Default 5000.</summary>
    public int MaxPage { get; init; } = 5000;

    /// <summary>How many revisions a watch may be behind before it is ended as compacted. Default 50,000.</summary>
    public long WatchLag { get; init; } = 50_000;

    /// <summary>A stream whose client takes nothing for this long is cut. Default 30s.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between pings of a stream of events. Default 15s.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The least time between two status events. Default 200ms.</summary>
    public TimeSpan StatusEvery { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Between two map events. Default 1s.</summary>
    public TimeSpan MapEvery { get; init; } = TimeSpan.FromSeconds(1);
}
