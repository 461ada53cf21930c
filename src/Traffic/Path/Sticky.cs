using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Finds the instance that a client was at by its cookie, and gives it the cookie of the one that it is at now. Compiled for the endpoints of one table.</summary>
internal sealed class Sticky
{
    private readonly string service;
    private readonly StickySpec spec;
    private readonly byte[] key;
    private readonly byte[] name;
    private readonly UInt128[] tags;
    private readonly byte[][] values;

    public Sticky(string service, StickySpec spec, byte[] key, Endpoint[] endpoints)
    {
        (this.service, this.spec, this.key) = (service, spec, key);
        var cookie = spec.Cookie ?? $"mainstay-{service}";
        name = Encoding.ASCII.GetBytes(cookie);
        tags = [.. endpoints.Select(endpoint => StickyTag.Of(key, service, endpoint.Instance))];
        var attributes = $"; Path={spec.Path}{(spec.MaxAge is { } age ? $"; Max-Age={(long)age.TotalSeconds}" : "")}; HttpOnly; SameSite=Lax";
        values = [.. tags.Select(tag => Encoding.ASCII.GetBytes($"{cookie}={StickyTag.Show(tag)}{attributes}"))];
    }

    /// <summary>The same for some of the endpoints.</summary>
    public Sticky Of(Endpoint[] some) => new(service, spec, key, some);

    /// <summary>Which endpoint the request's cookie names; -1 where there is none, or it is not there any more.</summary>
    public int Find(Exchange x)
    {
        var value = HeadLines.FindCookie(x.HeadBytes, x.Request, name);
        return value.IsEmpty || !StickyTag.TryRead(value, out var tag) ? -1 : Array.IndexOf(tags, tag);
    }

    /// <summary>Gives the client the cookie of the endpoint that answers, unless it has that. Callers in the mesh are services: they keep none.</summary>
    public void Issue(Exchange x)
    {
        if (x.EndpointIndex < 0 || x.EndpointIndex == x.Stuck || x.Connection.Listener.IsMesh) return;
        var value = values[x.EndpointIndex];
        if (!IsSecure(x))
        {
            x.Added.Add("Set-Cookie"u8, value);
            return;
        }
        Span<byte> secure = stackalloc byte[value.Length + Secure.Length];
        value.CopyTo(secure);
        Secure.CopyTo(secure[value.Length..]);
        x.Added.Add("Set-Cookie"u8, secure);
    }

    private static ReadOnlySpan<byte> Secure => "; Secure"u8;

    /// <summary>The client came over TLS, here or where a trusted proxy ended it.</summary>
    private static bool IsSecure(Exchange x) =>
        x.Client.Facts is not null || (x.Request.ForwardedProto && Ascii.EqualsIgnoreCase(HeadLines.Find(x.HeadBytes, x.Request, "X-Forwarded-Proto"u8), "https"u8));
}
