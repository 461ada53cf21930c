using System.Text;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Progress;

/// <summary>Lines at the end of the terminal that are drawn over and over again.</summary>
public sealed class LiveArea(Screen screen)
{
    int drawn;

    /// <summary>Replaces what was drawn before. Lines are cut at the terminal's width: a wrapped one would not be found again.</summary>
    public void Draw(IReadOnlyList<(Tone Tone, string Text)> lines)
    {
        // ECMA-48 §8.3.22 (CUU, up), §8.3.41 (EL, erase line), §8.3.39 (ED, erase below). One write, so that nothing flickers.
        var text = new StringBuilder(drawn > 0 ? $"\e[{drawn}A" : "");
        foreach (var (tone, line) in lines)
        {
            text.Append("\e[2K").Append(screen.Paint(tone, TextWidth.Fit(line, screen.Width - 1))).Append('\n');
        }

        text.Append(lines.Count < drawn ? "\e[0J" : "");
        screen.Progress.Write(text.ToString());
        screen.Progress.Flush();
        drawn = lines.Count;
    }
}
