using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Tests of headers, query parameters and cookies, compiled: all have to pass.</summary>
internal sealed class Conditions
{
    private readonly ValueCheck[] headers;
    private readonly ValueCheck[] query;
    private readonly ValueCheck[] cookies;

    private Conditions(ValueCheck[] headers, ValueCheck[] query, ValueCheck[] cookies) =>
        (this.headers, this.query, this.cookies) = (headers, query, cookies);

    /// <summary>Null where there is nothing to test.</summary>
    /// <exception cref="ArgumentException">A regular expression is none.</exception>
    public static Conditions? Of(
        IReadOnlyDictionary<string, string>? headers, IReadOnlyDictionary<string, string>? query, IReadOnlyDictionary<string, string>? cookies)
    {
        if ((headers?.Count ?? 0) + (query?.Count ?? 0) + (cookies?.Count ?? 0) == 0) return null;
        return new Conditions(Compile(headers), Compile(query), Compile(cookies));
    }

    public bool Hold(in Ask ask)
    {
        foreach (var check in headers)
        {
            if (!HeaderHolds(check, ask)) return false;
        }
        foreach (var check in query)
        {
            if (!QueryHolds(check, ask.Query)) return false;
        }
        foreach (var check in cookies)
        {
            if (!CookieHolds(check, ask)) return false;
        }
        return true;
    }

    private static ValueCheck[] Compile(IReadOnlyDictionary<string, string>? tests) =>
        [.. (tests ?? new Dictionary<string, string>()).OrderBy(test => test.Key, StringComparer.Ordinal).Select(test => new ValueCheck(test.Key, test.Value))];

    private static bool HeaderHolds(ValueCheck check, in Ask ask)
    {
        var at = 0;
        while (ask.Request.Next(ask.Head, ref at, check.Name, out var value))
        {
            if (check.Kind == ValueTestKind.Absent) return false;
            if (check.Fits(value.Of(ask.Head))) return true;
        }
        return check.Kind == ValueTestKind.Absent;
    }

    private static bool QueryHolds(ValueCheck check, ReadOnlySpan<byte> query)
    {
        var pairs = new Pairs(query, (byte)'&');
        while (pairs.MoveNext())
        {
            if (!Percent.Equals(pairs.Name, check.Name)) continue;
            if (check.Kind == ValueTestKind.Absent) return false;
            if (check.FitsDecoded(pairs.Value)) return true;
        }
        return check.Kind == ValueTestKind.Absent;
    }

    private static bool CookieHolds(ValueCheck check, in Ask ask)
    {
        var at = 0;
        while (ask.Request.Next(ask.Head, ref at, "cookie"u8, out var line))
        {
            var pairs = new Pairs(line.Of(ask.Head), (byte)';');
            while (pairs.MoveNext())
            {
                if (!pairs.Name.SequenceEqual(check.Name)) continue;
                if (check.Kind == ValueTestKind.Absent) return false;
                if (check.Fits(pairs.Value)) return true;
            }
        }
        return check.Kind == ValueTestKind.Absent;
    }

    private sealed class ValueCheck
    {
        private readonly byte[] text;
        private readonly Regex? pattern;

        public ValueCheck(string name, string value)
        {
            var test = ValueTest.Of(value);
            Name = Encoding.UTF8.GetBytes(name);
            Kind = test.Kind;
            text = Encoding.UTF8.GetBytes(test.Text);
            if (Kind == ValueTestKind.Pattern) pattern = Patterns.Make(test.Text);
        }

        public byte[] Name { get; }

        public ValueTestKind Kind { get; }

        public bool Fits(ReadOnlySpan<byte> value) => Kind switch
        {
            ValueTestKind.Exact => value.SequenceEqual(text),
            ValueTestKind.Pattern => PatternTest.Fits(pattern!, value),
            _ => true,
        };

        /// <summary>The same for a value of a query.</summary>
        public bool FitsDecoded(ReadOnlySpan<byte> value)
        {
            if (Kind == ValueTestKind.Exact) return Percent.Equals(value, text);
            if (Kind != ValueTestKind.Pattern || value.IndexOfAny((byte)'%', (byte)'+') < 0) return Fits(value);
            var decoded = ArrayPool<byte>.Shared.Rent(value.Length);
            var length = Percent.Decode(value, decoded);
            var fits = Fits(decoded.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(decoded);
            return fits;
        }
    }
}

/// <summary>Regular expressions over bytes.</summary>
internal static class PatternTest
{
    private const int OnStack = 512;

    public static bool Fits(Regex pattern, ReadOnlySpan<byte> value)
    {
        if (value.Length <= OnStack)
        {
            Span<char> few = stackalloc char[OnStack];
            return pattern.IsMatch(few[..Encoding.UTF8.GetChars(value, few)]);
        }
        var many = ArrayPool<char>.Shared.Rent(value.Length);
        var fits = pattern.IsMatch(many.AsSpan(0, Encoding.UTF8.GetChars(value, many)));
        ArrayPool<char>.Shared.Return(many);
        return fits;
    }
}
