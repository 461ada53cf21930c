using Mainstay.Client.Ids;

namespace Mainstay.Bench.Ids;

/// <summary>Ids made by one thread within a lease, waiting for the next millisecond where one is full.</summary>
public sealed class IdBenchmark : IBenchmark
{
    private readonly IdGenerator ids = new();

    public string Name => "client/id-next";

    public void Setup() => ids.Use(new IdLease(1, 1, 0, IdShape.LastMs, 0), TimeProvider.System.GetTimestamp());

    public void Run(int iterations)
    {
        for (var done = 0; done < iterations;)
        {
            if (ids.TryNext(out _) == IdGenerator.Outcome.Made) done++;
        }
    }
}
