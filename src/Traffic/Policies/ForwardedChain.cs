using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Who a request comes from when proxies stand between: each wrote, at the right end, the address it was called from. Read from the right
/// for as long as the one that wrote is trusted; the first address that is not a trusted proxy is the client. What stands left of it was
/// written by the client and may be a lie.
/// </summary>
/// <remarks>
/// A part that is no address (<c>unknown</c>, an obfuscated identifier, garbage) ends the walk: the client is then the proxy that wrote it,
/// the last one that is known. Where every hop is trusted, the leftmost is the client.
/// </remarks>
internal ref struct ForwardedChain(UInt128 peer, IpRanges trusted)
{
    private readonly IpRanges trusted = trusted;

    /// <summary>The client as far as is known.</summary>
    public UInt128 Client { get; private set; } = peer;

    /// <summary>Nothing further to the left can be believed.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The value of a line of X-Forwarded-For; the last line first.</summary>
    public void TakeForwardedFor(ReadOnlySpan<byte> value)
    {
        while (!IsDone && !value.IsEmpty) Step(Last(ref value));
    }

    /// <summary>The value of a line of Forwarded (RFC 7239 §4); the last line first.</summary>
    public void TakeForwarded(ReadOnlySpan<byte> value)
    {
        while (!IsDone && !value.IsEmpty) Step(For(Last(ref value)));
    }

    private void Step(scoped ReadOnlySpan<byte> node)
    {
        if (!IpText.TryParse(node, out var address))
        {
            IsDone = true;
            return;
        }
        Client = address;
        IsDone = !trusted.Contains(address);
    }

    /// <summary>Takes the part behind the last comma. A comma within quotes makes parts that are no addresses, which ends the walk.</summary>
    private static ReadOnlySpan<byte> Last(scoped ref ReadOnlySpan<byte> value)
    {
        var comma = value.LastIndexOf((byte)',');
        var part = value[(comma + 1)..].Trim(" \t"u8);
        value = comma < 0 ? default : value[..comma];
        return part;
    }

    private static ReadOnlySpan<byte> For(ReadOnlySpan<byte> element)
    {
        ReadOnlySpan<byte> found = default;
        foreach (var range in element.Split((byte)';'))
        {
            var pair = element[range].Trim(" \t"u8);
            if (pair.Length < 4 || !Ascii.EqualsIgnoreCase(pair[..4], "for="u8)) continue;
            // RFC 7239 §4: each parameter at most once.
            if (!found.IsEmpty) return default;
            found = pair[4..];
        }
        return found.Length >= 2 && found[0] == '"' && found[^1] == '"' ? found[1..^1] : found;
    }
}
