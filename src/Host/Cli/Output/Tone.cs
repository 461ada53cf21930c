namespace Mainstay.Host.Cli.Output;

/// <summary>What a colour means.</summary>
public enum Tone
{
    Plain,
    Good,
    Busy,
    Bad,
    Dim,
    Strong,
    Accent,
}

/// <summary>Tones as terminals show them (ECMA-48 §8.3.117, select graphic rendition).</summary>
public static class Tones
{
    public static string Paint(Tone tone, string text) => tone == Tone.Plain || text.Length == 0 ? text : $"\e[{CodeOf(tone)}m{text}\e[0m";

    static string CodeOf(Tone tone) => tone switch
    {
        Tone.Good => "32",
        Tone.Busy => "33",
        Tone.Bad => "31",
        Tone.Dim => "2",
        Tone.Strong => "1",
        _ => "36",
    };
}
