namespace Mainstay.Traffic.Policies;

/// <summary>What came of looking at what a client shows.</summary>
internal enum Shown
{
    /// <summary>It shows nothing of this kind.</summary>
    Nothing,

    /// <summary>It holds.</summary>
    Good,

    /// <summary>It does not hold.</summary>
    Bad,

    /// <summary>It held once.</summary>
    Expired,

    /// <summary>It names a key that is not known (yet).</summary>
    UnknownKey,

    /// <summary>It holds, but is none of those that may.</summary>
    Forbidden,

    /// <summary>It cannot be judged now.</summary>
    Unavailable,
}

/// <summary>The result of one way to prove who one is.</summary>
/// <param name="Shown">How it ended.</param>
/// <param name="Identity">Who it is, where it holds.</param>
/// <param name="Why">What is wrong, for clients and people: no secrets, no quotes.</param>
/// <param name="Until">When it ceases to hold by itself.</param>
internal readonly record struct Proof(Shown Shown, Identity? Identity, string Why, DateTimeOffset Until)
{
    public static readonly Proof Nothing = new(Shown.Nothing, null, "", default);

    public static Proof Bad(string why) => new(Shown.Bad, null, why, default);

    public static Proof Expired(string why) => new(Shown.Expired, null, why, default);

    public static Proof UnknownKey(string why) => new(Shown.UnknownKey, null, why, default);

    public static Proof Forbidden(string why) => new(Shown.Forbidden, null, why, default);

    public static Proof Unavailable(string why) => new(Shown.Unavailable, null, why, default);

    public static Proof Good(Identity identity, DateTimeOffset until) => new(Shown.Good, identity, "", until);
}
