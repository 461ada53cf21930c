namespace Mainstay.Core.Kinds;

/// <summary>Range checks that kinds share; each gives a problem with the bounds in the user's own notation, or nothing.</summary>
public static class Limits
{
    public static IEnumerable<Problem> Between(string path, TimeSpan value, TimeSpan least, TimeSpan most) =>
        value < least || value > most
            ? [new Problem(path, $"{Durations.Format(value)} is outside {Durations.Format(least)} to {Durations.Format(most)}", "choose a duration within")]
            : [];

    public static IEnumerable<Problem> Between(string path, int value, int least, int most) =>
        value < least || value > most
            ? [new Problem(path, $"{value} is outside {least} to {most}", "choose a number within")]
            : [];
}
