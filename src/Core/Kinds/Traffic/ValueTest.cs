namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What a value must be like.</summary>
public enum ValueTestKind
{
    /// <summary>It is this text.</summary>
    Exact,

    /// <summary>It is there, whatever it says.</summary>
    Present,

    /// <summary>It is not there.</summary>
    Absent,

    /// <summary>A regular expression matches the whole of it.</summary>
    Pattern,
}

/// <summary>
/// A test of a header, query parameter or cookie in one text: <c>*</c> it is there, <c>!</c> it is not there, <c>/…/</c> a regular expression matches
/// all of it, anything else: it is exactly this. <c>=</c> in front takes the rest as it is, whatever it begins with.
/// </summary>
/// <param name="Kind">How it is tested.</param>
/// <param name="Text">The exact text, or the regular expression; empty for the others.</param>
public readonly record struct ValueTest(ValueTestKind Kind, string Text)
{
    /// <summary>Longest text, in characters.</summary>
    public const int MostText = 1024;

    public static ValueTest Of(string text) => text switch
    {
        "*" => new(ValueTestKind.Present, ""),
        "!" => new(ValueTestKind.Absent, ""),
        ['=', .. var rest] => new(ValueTestKind.Exact, rest),
        ['/', .. { Length: > 0 } pattern, '/'] => new(ValueTestKind.Pattern, pattern),
        _ => new(ValueTestKind.Exact, text),
    };

    /// <summary>Whether no value can pass both tests.</summary>
    public bool Excludes(ValueTest other) => (Kind, other.Kind) switch
    {
        (ValueTestKind.Exact, ValueTestKind.Exact) => Text != other.Text,
        (ValueTestKind.Absent, not ValueTestKind.Absent) or (not ValueTestKind.Absent, ValueTestKind.Absent) => true,
        (ValueTestKind.Exact, ValueTestKind.Pattern) => !Patterns.IsMatch(other.Text, Text),
        (ValueTestKind.Pattern, ValueTestKind.Exact) => !Patterns.IsMatch(Text, other.Text),
        _ => false,
    };
}
