namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Names on the wire.</summary>
public static class HttpNames
{
    /// <summary>True for what may name a header or a cookie: 1 to 64 letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</summary>
    public static bool IsToken(string name) =>
        name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
