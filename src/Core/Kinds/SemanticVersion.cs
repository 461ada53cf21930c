using System.Globalization;

namespace Mainstay.Core.Kinds;

/// <summary>A version as semver.org 2.0.0 defines it; minor and patch may be left out and are then 0. Build metadata is accepted and ignored.</summary>
public readonly record struct SemanticVersion(int Major, int Minor, int Patch, string Pre = "") : IComparable<SemanticVersion>
{
    public static bool TryParse(ReadOnlySpan<char> text, out SemanticVersion version)
    {
        version = default;
        var plus = text.IndexOf('+');
        if (plus >= 0 && !text[(plus + 1)..].ToString().Split('.').All(IsIdentifier))
        {
            return false;
        }

        text = plus >= 0 ? text[..plus] : text;
        var dash = text.IndexOf('-');
        var pre = dash >= 0 ? text[(dash + 1)..].ToString() : "";
        var numbers = dash >= 0 ? text[..dash] : text;
        Span<Range> parts = stackalloc Range[4];
        var count = numbers.Split(parts, '.');
        if (count is < 1 or > 3 || (dash >= 0 && !IsPre(pre)))
        {
            return false;
        }

        Span<int> values = stackalloc int[3];
        for (var i = 0; i < count; i++)
        {
            if (HasLeadingZero(numbers[parts[i]]) || !int.TryParse(numbers[parts[i]], NumberStyles.None, CultureInfo.InvariantCulture, out values[i]))
            {
                return false;
            }
        }

        version = new(values[0], values[1], values[2], pre);
        return true;
    }

    public int CompareTo(SemanticVersion other)
    {
        var byNumber = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        return byNumber != 0 ? byNumber : ComparePre(Pre, other.Pre);
    }

    public static bool operator <(SemanticVersion a, SemanticVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(SemanticVersion a, SemanticVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(SemanticVersion a, SemanticVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(SemanticVersion a, SemanticVersion b) => a.CompareTo(b) >= 0;

    public override string ToString() => Pre.Length == 0 ? $"{Major}.{Minor}.{Patch}" : $"{Major}.{Minor}.{Patch}-{Pre}";

    // semver.org §9 and §10: identifiers between dots, numbers in a pre-release without leading zeros.
    static bool IsPre(string pre) => pre.Split('.').All(part => IsIdentifier(part) && !(IsNumber(part) && HasLeadingZero(part)));

    static bool IsIdentifier(string part) => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    static bool IsNumber(string part) => part.All(char.IsAsciiDigit);

    static bool HasLeadingZero(ReadOnlySpan<char> number) => number.Length > 1 && number[0] == '0';

    // semver.org §11: a release is greater than its pre-releases; identifiers compare numerically where both are numbers.
    static int ComparePre(string a, string b)
    {
        if (a.Length == 0 || b.Length == 0)
        {
            return (a.Length == 0).CompareTo(b.Length == 0);
        }

        var left = a.Split('.');
        var right = b.Split('.');
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            // Without leading zeros the longer number is the greater, however many digits it has.
            var order = (IsNumber(left[i]), IsNumber(right[i])) switch
            {
                (true, true) when left[i].Length != right[i].Length => left[i].Length.CompareTo(right[i].Length),
                (true, false) => -1,
                (false, true) => 1,
                _ => string.CompareOrdinal(left[i], right[i]),
            };
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }
}

/// <summary>Which versions will do: comparators (<c>&gt;= &gt; &lt;= &lt; =</c>, none means <c>=</c>) joined by spaces, all of which must hold.</summary>
public sealed class VersionRange
{
    readonly (string Op, SemanticVersion Version)[] comparators;

    VersionRange((string Op, SemanticVersion Version)[] comparators) => this.comparators = comparators;

    public static bool TryParse(string text, out VersionRange range)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var found = new (string, SemanticVersion)[parts.Length];
        var ok = parts.Length > 0;
        for (var i = 0; ok && i < parts.Length; i++)
        {
            var op = parts[i] switch
            {
                ['>', '=', ..] => ">=", ['<', '=', ..] => "<=", ['>', ..] => ">", ['<', ..] => "<", ['=', ..] => "=", _ => "",
            };
            ok = SemanticVersion.TryParse(parts[i].AsSpan(op.Length), out var version);
            found[i] = (op, version);
        }

        range = new(ok ? found : []);
        return ok;
    }

    public bool Contains(SemanticVersion version) => comparators.All(c => c.Op switch
    {
        ">=" => version >= c.Version,
        ">" => version > c.Version,
        "<=" => version <= c.Version,
        "<" => version < c.Version,
        _ => version == c.Version,
    });
}
