using Mainstay.Core.Time;

namespace Mainstay.Tests;

/// <summary>The clock of tests: the product's virtual one.</summary>
/// <param name="start">The first wall-clock time; null is 2026-01-01 00:00 UTC.</param>
public sealed class FakeTime(DateTimeOffset? start = null) : VirtualClock(start);
