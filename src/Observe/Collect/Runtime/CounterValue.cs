namespace Mainstay.Observe.Collect.Runtime;

/// <summary>What an EventCounter said of the last interval.</summary>
/// <param name="Name">The counter's, such as <c>alloc-rate</c>.</param>
/// <param name="Grows">The value is by how much it grew; else how it stands, on average over the interval.</param>
/// <param name="Value">In the counter's own unit.</param>
public readonly record struct CounterValue(string Name, bool Grows, double Value);
