namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Requests that find the service unreachable, or its breaker open, wait for its recovery and are then sent: GET, HEAD and OPTIONS, and what carries an <c>Idempotency-Key</c> where the
/// service honours it, with a body that has arrived as a whole. The client waits with them, so nothing is promised that could be lost.
/// </summary>
[PlainValueIs(nameof(Wait))]
public sealed record ParkSpec
{
    /// <summary>How long each waits at the most, all together; less where the caller's deadline is nearer. Default 10s; 100ms to 5m.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many wait at each gateway at the most; when there are more, the least critical give up their places. Default 1000; 1 to 100000.</summary>
    public int Requests { get; init; } = 1000;

    /// <summary>What they hold in memory at each gateway at the most. Default 32Mi; 64Ki to 4Gi.</summary>
    public ByteSize Memory { get; init; } = new(32 * 1024 * 1024);

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Limits.Between("wait", Wait, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)).Concat(Limits.Between("requests", Requests, 1, 100_000)))
        {
            yield return problem;
        }

        if (Memory.Bytes is < 64 * 1024 or > 4L * 1024 * 1024 * 1024)
        {
            yield return new("memory", $"{Memory} is outside 64Ki to 4Gi", "choose a size within");
        }
    }
}
