using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// What <c>Cache-Control</c> says (RFC 9111 §5.2), of a request or a response. Times are in seconds; -1 where nothing is said. Of a directive that is there
/// twice the shorter time counts; one that cannot be read as a time is 0. <c>private</c> and <c>no-cache</c> that name fields count as if they named none.
/// </summary>
internal struct CacheDirectives
{
    /// <summary>RFC 9111 §1.2.2: what is longer is as good as for ever.</summary>
    public const long Most = 2_147_483_648;

    public CacheDirectives()
    {
    }

    public bool IsThere { get; private set; }

    public bool NoStore { get; private set; }

    public bool NoCache { get; private set; }

    public bool Private { get; private set; }

    public bool Public { get; private set; }

    public bool MustRevalidate { get; private set; }

    public bool ProxyRevalidate { get; private set; }

    public bool MustUnderstand { get; private set; }

    public bool OnlyIfCached { get; private set; }

    public long MaxAge { get; private set; } = -1;

    public long SharedMaxAge { get; private set; } = -1;

    public long StaleWhileRevalidate { get; private set; } = -1;

    public long StaleIfError { get; private set; } = -1;

    public long MinFresh { get; private set; } = -1;

    /// <summary><see cref="Most"/> where any staleness will do.</summary>
    public long MaxStale { get; private set; } = -1;

    /// <summary>Takes one line's value.</summary>
    public void Add(ReadOnlySpan<byte> value)
    {
        IsThere = true;
        while (!value.IsEmpty)
        {
            var end = EndOf(value);
            var part = value[..end].Trim(" \t"u8);
            value = end < value.Length ? value[(end + 1)..] : default;
            if (part.IsEmpty) continue;
            var equals = part.IndexOf((byte)'=');
            if (equals < 0) Take(part, default, hasArgument: false);
            else Take(part[..equals].Trim(" \t"u8), part[(equals + 1)..].Trim(" \t"u8).Trim((byte)'"'), hasArgument: true);
        }
    }

    /// <summary>RFC 9111 §5.4: what an old client says instead.</summary>
    public void AddPragma(ReadOnlySpan<byte> value)
    {
        if (!IsThere && Ascii.EqualsIgnoreCase(value, "no-cache"u8)) NoCache = true;
    }

    /// <summary>The comma that ends the first directive; one between quotes does not.</summary>
    private static int EndOf(ReadOnlySpan<byte> value)
    {
        var isQuoted = false;
        for (var index = 0; index < value.Length; index++)
        {
            if (value[index] == '\\' && isQuoted) index++;
            else if (value[index] == '"') isQuoted = !isQuoted;
            else if (value[index] == ',' && !isQuoted) return index;
        }
        return value.Length;
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> argument, bool hasArgument)
    {
        switch (name.Length)
        {
            case 6 when Is(name, "public"u8): Public = true; break;
            case 7 when Is(name, "private"u8): Private = true; break;
            case 7 when Is(name, "max-age"u8): MaxAge = Shorter(MaxAge, argument); break;
            case 8 when Is(name, "no-store"u8): NoStore = true; break;
            case 8 when Is(name, "no-cache"u8): NoCache = true; break;
            case 8 when Is(name, "s-maxage"u8): SharedMaxAge = Shorter(SharedMaxAge, argument); break;
            case 9 when Is(name, "min-fresh"u8): MinFresh = Math.Max(MinFresh, Seconds(argument)); break;
            case 9 when Is(name, "max-stale"u8): MaxStale = hasArgument ? Shorter(MaxStale, argument) : Most; break;
            case 14 when Is(name, "stale-if-error"u8): StaleIfError = Shorter(StaleIfError, argument); break;
            case 14 when Is(name, "only-if-cached"u8): OnlyIfCached = true; break;
            case 15 when Is(name, "must-revalidate"u8): MustRevalidate = true; break;
            case 15 when Is(name, "must-understand"u8): MustUnderstand = true; break;
            case 16 when Is(name, "proxy-revalidate"u8): ProxyRevalidate = true; break;
            case 22 when Is(name, "stale-while-revalidate"u8): StaleWhileRevalidate = Shorter(StaleWhileRevalidate, argument); break;
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);

    private static long Shorter(long known, ReadOnlySpan<byte> argument)
    {
        var seconds = Seconds(argument);
        return known < 0 ? seconds : Math.Min(known, seconds);
    }

    /// <summary>RFC 9111 §1.2.2: digits alone; too many of them are for ever, anything else is none.</summary>
    public static long Seconds(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return 0;
        long seconds = 0;
        foreach (var digit in text)
        {
            seconds = seconds * 10 + (digit - '0');
            if (seconds >= Most) return Most;
        }
        return seconds;
    }
}
