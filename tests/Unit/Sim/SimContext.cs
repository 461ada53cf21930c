using System.Globalization;
using Mainstay.Core.Time;

namespace Mainstay.Tests.Sim;

/// <summary>What everything in a run shares: the clock, the one thread, the dice and the trace.</summary>
public sealed class SimContext(int seed) : VirtualRun(new FakeTime())
{
    public FakeTime Time => (FakeTime)Clock;

    public Random Random { get; } = new(seed);

    public List<string> Trace { get; } = [];

    public void Log(string line) => Trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Elapsed.TotalSeconds,8:0.000} {line}"));

    public bool Chance(double share) => Random.NextDouble() < share;

    public TimeSpan Between(int leastMs, int mostMs) => TimeSpan.FromMilliseconds(Random.Next(leastMs, mostMs + 1));

    public T Any<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];
}
