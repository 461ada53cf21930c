namespace Mainstay.Core.Kinds.Traffic;

/// <summary>By what requests are told apart: <c>client</c>, <c>route</c>, <c>caller</c>, <c>header:NAME</c>, <c>apiKey</c>, <c>claim:NAME</c>.</summary>
/// <param name="By">The kind of key.</param>
/// <param name="Name">The header's or claim's name; else empty.</param>
public readonly record struct LimitKey(LimitKeyKind By, string Name)
{
    /// <summary>Whether only a guard can tell it.</summary>
    public bool IsProven => By is LimitKeyKind.ApiKey or LimitKeyKind.Claim;

    public static bool TryParse(string text, out LimitKey key)
    {
        key = text switch
        {
            "client" => new(LimitKeyKind.Client, ""),
            "route" => new(LimitKeyKind.Route, ""),
            "caller" => new(LimitKeyKind.Caller, ""),
            "apiKey" => new(LimitKeyKind.ApiKey, ""),
            _ when text.StartsWith("claim:", StringComparison.Ordinal) && IsClaim(text[6..]) => new(LimitKeyKind.Claim, text[6..]),
            _ when text.StartsWith("header:", StringComparison.Ordinal) && IsToken(text[7..]) => new(LimitKeyKind.Header, text[7..]),
            _ => default,
        };
        return key != default;
    }

    // Names of claims are any text; these are all that people use, URLs among them.
    static bool IsClaim(string name) => name.Length is > 0 and <= 200 && !name.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>RFC 9110 §5.6.2.</summary>
    public static bool IsToken(string name) => name.Length is > 0 and <= 200 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}

/// <summary>A kind of key.</summary>
public enum LimitKeyKind
{
    All,
    Client,
    Route,
    Caller,
    Header,

    /// <summary>The API key that the guard found good.</summary>
    ApiKey,

    /// <summary>A claim of the token that the guard found good.</summary>
    Claim,
}
