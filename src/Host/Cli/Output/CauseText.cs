using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Cli.Output;

/// <summary>A cause in one line.</summary>
static class CauseText
{
    public static string Title(Screen screen, int number, CauseView cause) =>
        cause.Kind == "unknown"
            ? screen.Paint(Tone.Busy, $"  the cause is not known; it is in {TextWidth.Harmless(cause.Target)}")
            : $"  {number + 1}. {screen.Paint(Tone.Strong, Words(cause.Kind))} {TextWidth.Harmless(cause.Target)}  {cause.Confidence * 100:0}%";

    /// <summary>A kind as people say it: <c>slowStatement</c> is a slow statement.</summary>
    public static string Words(string kind) => string.Concat(kind.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
