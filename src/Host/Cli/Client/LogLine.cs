namespace Mainstay.Host.Cli.Client;

/// <summary>One line that an instance or a build wrote.</summary>
/// <param name="At">When it was read.</param>
/// <param name="Instance">Who wrote it; empty for builds.</param>
/// <param name="Stream"><c>out</c> or <c>err</c>.</param>
/// <param name="Text">Without its end of line.</param>
public sealed record LogLine(DateTimeOffset At, string? Instance, string Stream, string Text);
