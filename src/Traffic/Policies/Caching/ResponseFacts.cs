namespace Mainstay.Traffic.Policies;

/// <summary>What of a request matters for keeping its response.</summary>
internal struct RequestFacts
{
    public bool IsGet;
    public bool IsRange;

    /// <summary>It proves who it comes from, by Authorization or in another way.</summary>
    public bool IsAuthorized;
    public bool HasCookie;
    public CacheDirectives Control;
}

/// <summary>What of a response matters for keeping it. Dates in milliseconds since 1970.</summary>
internal struct ResponseFacts()
{
    public int Status;
    public CacheDirectives Control = new();
    public long? DateMs;
    public long? LastModifiedMs;

    /// <summary>There is an Expires, whatever it says.</summary>
    public bool HasExpires;

    /// <summary>Null where it is no date, which means the past.</summary>
    public long? ExpiresMs;

    /// <summary>Seconds that it was kept elsewhere.</summary>
    public long Age;
    public bool HasSetCookie;
    public bool HasTag;
    public bool VariesByEverything;

    /// <summary>An answer that never ends, or whose end is the connection's: it could be cut short unseen.</summary>
    public bool IsOpenEnded;
}
