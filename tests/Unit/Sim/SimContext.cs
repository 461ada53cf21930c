using System.Globalization;

namespace Mainstay.Tests.Sim;

/// <summary>What everything in a run shares: the clock, the one thread, the dice and the trace.</summary>
public sealed class SimContext(int seed)
{
    public FakeTime Time { get; } = new();

    public VirtualThread Thread { get; } = new();

    public Random Random { get; } = new(seed);

    public List<string> Trace { get; } = [];

    public DateTimeOffset Now => Time.GetUtcNow();

    public void Log(string line) => Trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalSeconds,8:0.000} {line}"));

    public bool Chance(double share) => Random.NextDouble() < share;

    public TimeSpan Between(int leastMs, int mostMs) => TimeSpan.FromMilliseconds(Random.Next(leastMs, mostMs + 1));

    public T Any<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];

    public Task Delay(TimeSpan span, CancellationToken stop = default) => Task.Delay(span, Time, stop);

    /// <summary>Runs something later, on the one thread.</summary>
    public void After(TimeSpan span, Action what)
    {
        async Task LaterAsync()
        {
            await Delay(span);
            what();
        }

        Thread.Enter(LaterAsync);
    }

    /// <summary>Starts something asynchronous that ends quietly when it is stopped and loudly when it fails.</summary>
    public void Start(Func<Task> what)
    {
        async Task GuardedAsync()
        {
            try
            {
                await what();
            }
            catch (OperationCanceledException)
            {
            }
            catch (Exception fault)
            {
                Failure ??= fault;
            }
        }

        _ = Thread.Enter(GuardedAsync);
    }

    /// <summary>The first thing that failed where nothing may.</summary>
    public Exception? Failure { get; private set; }
}
