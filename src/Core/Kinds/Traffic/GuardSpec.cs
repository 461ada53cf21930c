namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Who may use a route. The lists of addresses are asked first, then the ways to prove who one is, then the scopes. In the manifest the name of a
/// guard under <c>gateway.guards</c> may stand alone.
/// </summary>
[PlainValueIs(nameof(Use))]
public sealed record GuardSpec
{
    const int MostRanges = 1000;

    /// <summary>The name of a guard declared under <c>gateway.guards</c>; nothing else stands beside it. Default: none.</summary>
    public string? Use { get; init; }

    /// <summary>Addresses and ranges (<c>10.0.0.0/8</c>) that alone may come; the client's address counts, behind trusted proxies too. Default: all. At most 1,000.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Addresses and ranges that may not come, also where allow names them. Default: none. At most 1,000.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>Bearer tokens (RFC 7519) that are signed with known keys.</summary>
    public JwtSpec? Jwt { get; init; }

    /// <summary>Keys in a header, known by their hashes.</summary>
    public ApiKeysSpec? ApiKeys { get; init; }

    /// <summary>Names and passwords (RFC 7617).</summary>
    public BasicSpec? Basic { get; init; }

    /// <summary>Requests that are signed with a shared secret (RFC 9421), each accepted once.</summary>
    public HmacSpec? Hmac { get; init; }

    /// <summary>Certificates of clients (RFC 8446 §4.3.2).</summary>
    public CertificateSpec? Certificate { get; init; }

    /// <summary>What must be granted to who asks; all of them. Default: nothing.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Whether one of the declared ways is enough, or all are needed. Default any.</summary>
    public GuardMode Mode { get; init; } = GuardMode.Any;

    /// <summary>A request header in which the service is told who asks, in whichever way that was proven; it is removed from what clients send. Default: none.</summary>
    public string? SubjectHeader { get; init; }

    /// <summary>True where the service does not get the headers that prove who asks. Default false.</summary>
    public bool Strip { get; init; }

    /// <summary>What clients are told they need access to (<c>realm</c> of WWW-Authenticate). Default <c>mainstay</c>; at most 63 letters, digits, spaces or <c>-._</c>.</summary>
    public string Realm { get; init; } = "mainstay";

    /// <summary>True where who asks has to prove it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Authenticates => Jwt is not null || ApiKeys is not null || Basic is not null || Hmac is not null || Certificate is not null;

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in AddressRanges.Problems("allow", Allow, MostRanges).Concat(AddressRanges.Problems("deny", Deny, MostRanges)))
        {
            yield return problem;
        }

        var parts = (Jwt?.Validate().Select(p => p.Under("jwt")) ?? [])
            .Concat(ApiKeys?.Validate().Select(p => p.Under("apiKeys")) ?? [])
            .Concat(Basic?.Validate().Select(p => p.Under("basic")) ?? [])
            .Concat(Hmac?.Validate().Select(p => p.Under("hmac")) ?? [])
            .Concat(Certificate?.Validate().Select(p => p.Under("certificate")) ?? []);
        foreach (var problem in parts)
        {
            yield return problem;
        }

        if (Use is null && !Authenticates && Allow.Count + Deny.Count == 0)
        {
            yield return new("", "nothing is guarded", "add allow, deny, jwt, apiKeys, basic, hmac or certificate, or remove it");
        }

        if (Use is not null && (Authenticates || Allow.Count + Deny.Count + Scopes.Count > 0))
        {
            yield return new("use", $"the guard '{Use}' and terms of its own stand side by side", "declare the terms where the guard is declared");
        }

        if (Use is null && Scopes.Count > 0 && !Authenticates)
        {
            yield return new("scopes", "scopes are asked for, but nobody proves who they are", "add jwt, apiKeys, basic, hmac or certificate");
        }

        foreach (var scope in Scopes.Where(s => s.Length is 0 or > 128 || s.AsSpan().ContainsAnyExceptInRange('!', '~') || s.AsSpan().ContainsAny('"', '\\')))
        {
            yield return new("scopes", $"'{scope}' is not a scope", "use 1 to 128 visible characters without quotes, for example orders.write");
        }

        if (SubjectHeader is { } header && !HeaderText.IsOwn(header))
        {
            yield return new("subjectHeader", $"'{header}' is not the name of a header that a gateway may set", "use a name like X-User");
        }

        if (Realm.Length is 0 or > 63 || !Realm.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-' or '.' or '_'))
        {
            yield return new("realm", $"'{Realm}' is not a realm", "use 1 to 63 letters, digits, spaces or -._");
        }
    }
}

/// <summary>How many of the declared ways to prove who one is are needed.</summary>
public enum GuardMode
{
    /// <summary>The first that is given and holds.</summary>
    Any,

    /// <summary>Every one.</summary>
    All,
}
