using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Reads from a request by what it is told apart from others.</summary>
internal sealed class LimitKeyReader
{
    private readonly LimitKeyKind by;
    private readonly byte[] name;
    private readonly string claim;
    private readonly ulong same;

    /// <param name="text">As declared; null where all requests share one key.</param>
    /// <param name="place">Where the requests come from: what is the same for all of them.</param>
    public LimitKeyReader(string? text, TargetPlace place)
    {
        var key = text is not null && LimitKey.TryParse(text, out var read) ? read : default;
        by = key.By;
        claim = key.Name ?? "";
        name = Encoding.ASCII.GetBytes(claim);
        same = by switch
        {
            LimitKeyKind.Route => KeyHash.Of(place.About),
            LimitKeyKind.Caller => KeyHash.Of(place.Listener.Caller ?? place.Listener.Name),
            _ => 1,
        };
    }

    /// <summary>The key as a number. Where the request has no such part, its client's.</summary>
    public ulong Of(Exchange x)
    {
        switch (by)
        {
            case LimitKeyKind.Client:
                return ClientKey.Of(x);
            case LimitKeyKind.Header:
                var at = 0;
                return x.Request.Next(x.HeadBytes, ref at, name, out var value) && !value.IsEmpty ? KeyHash.Of(value.Of(x.HeadBytes)) : ClientKey.Of(x);
            // What a guard has had proven, never what a request says of itself.
            case LimitKeyKind.ApiKey:
                return x.Identity is { ApiKey: not 0 } known ? known.ApiKey : ClientKey.Of(x);
            case LimitKeyKind.Claim:
                return x.Identity is { } identity && identity.Claim(claim) is { IsEmpty: false } text ? KeyHash.Of(text) : ClientKey.Of(x);
            default:
                return same;
        }
    }
}
