using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>One way to prove who asks.</summary>
internal abstract class Way(string name)
{
    /// <summary>As in the manifest: <c>jwt</c>, <c>apiKeys</c>.</summary>
    public string Name { get; } = name;

    /// <summary>What WWW-Authenticate says of it (RFC 9110 §11.6.1): a 401 names at least one way in.</summary>
    public abstract string Challenge(string realm, Shown shown, string why);

    /// <summary>Headers that carry the proof.</summary>
    public virtual IEnumerable<string> Headers => [];

    /// <summary>Why it cannot work at the moment; null where it can.</summary>
    public abstract string? Problem { get; }

    /// <summary>Looks at what the request shows; false when that takes a wait. What was proven before costs neither time nor memory.</summary>
    public abstract bool TryProve(Exchange x, out Proof proof);

    /// <summary>Looks at what the request shows, and waits for what it takes.</summary>
    public virtual ValueTask<Proof> ProveAsync(Exchange x) => TryProve(x, out var proof) ? new(proof) : new(Proof.Unavailable("it cannot be judged now"));

    /// <summary>What it would find, without any effect.</summary>
    public virtual Proof Peek(Exchange x) => TryProve(x, out var proof) ? proof : Proof.Unavailable("it would have to wait");

    /// <summary>What follows the scheme in Authorization; empty for another scheme, or none.</summary>
    protected static ReadOnlySpan<byte> Credentials(Exchange x, ReadOnlySpan<byte> scheme)
    {
        var value = x.Request.Authorization.Of(x.HeadBytes);
        return value.Length > scheme.Length + 1 && value[scheme.Length] == ' ' && System.Text.Ascii.EqualsIgnoreCase(value[..scheme.Length], scheme)
            ? value[(scheme.Length + 1)..].Trim((byte)' ')
            : default;
    }
}
