using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Validation;

/// <summary>The formats that are checked (draft 2020-12, validation §7.3).</summary>
static partial class SchemaFormats
{
    static readonly Dictionary<string, Predicate<string>> Known = new(StringComparer.Ordinal)
    {
        ["date-time"] = IsDateTime,
        ["date"] = text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        ["time"] = text => Time().IsMatch(text),
        ["duration"] = text => text is not "P" && !text.EndsWith('T') && Duration().IsMatch(text),
        ["email"] = text => text.Length <= 254 && Email().IsMatch(text),
        ["hostname"] = text => text.Length is > 0 and <= 253 && Hostname().IsMatch(text),
        ["ipv4"] = text => Ipv4().IsMatch(text),
        ["ipv6"] = text => text.Contains(':', StringComparison.Ordinal) && !text.AsSpan().ContainsAny("%[]") && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6,
        ["uri"] = text => Uri().IsMatch(text) && System.Uri.IsWellFormedUriString(text, UriKind.Absolute),
        ["uuid"] = text => text.Length == 36 && Guid.TryParseExact(text, "D", out _),
        ["json-pointer"] = text => Pointer().IsMatch(text),
        ["regex"] = text => SchemaPattern.Read(text).Pattern is not null,
    };

    public static IEnumerable<string> Names => Known.Keys.Order(StringComparer.Ordinal);

    public static bool Knows(string format) => Known.ContainsKey(format);

    public static bool Fits(string format, string text) => Known[format](text);

    /// <summary>RFC 3339 §5.6.</summary>
    static bool IsDateTime(string text) =>
        text.Length > 11 && text[10] is 'T' or 't' && Known["date"](text[..10]) && Time().IsMatch(text.AsSpan(11));

    // A leap second is at 23:59:60 of UTC; which offset that is in is not looked at.
    [GeneratedRegex(@"\A([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,20})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();

    [GeneratedRegex(@"\AP([0-9]{1,9}W|([0-9]{1,9}Y)?([0-9]{1,9}M)?([0-9]{1,9}D)?(T([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Email();

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Hostname();

    [GeneratedRegex(@"\A((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(?!\z)|\z)){4}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Ipv4();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Uri();

    [GeneratedRegex(@"\A(/([^/~]|~[01])*)*\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pointer();
}
