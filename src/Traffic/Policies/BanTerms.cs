namespace Mainstay.Traffic.Policies;

/// <summary>What makes a client abnormal, and for how long it is banned then. A threshold of 0 is not looked at.</summary>
internal sealed record BanTerms
{
    public required long WindowMs { get; init; }

    public int Requests { get; init; }

    /// <summary>The part of requests, 0 to 1.</summary>
    public double Errors { get; init; }

    public int Minimum { get; init; } = 1;

    public int Missing { get; init; }

    public int Failures { get; init; }

    public required long ForMs { get; init; }

    public required long LongestMs { get; init; }
}

/// <summary>What there was to see of one request. More than one may hold.</summary>
[Flags]
internal enum Sight
{
    Plain = 0,

    /// <summary>Its status is one of the client's errors.</summary>
    Error = 1,

    /// <summary>What it asked for is not there.</summary>
    Missing = 2,

    /// <summary>It proved nothing with what it showed.</summary>
    Failure = 4,
}

/// <summary>Why a client is banned.</summary>
internal enum Offence
{
    None,
    Requests,
    Failures,
    Scan,
    Errors,
}

/// <summary>A client that is banned.</summary>
/// <param name="Client">Who, see <see cref="BanTable.ClientOf"/>.</param>
/// <param name="Offence">Why.</param>
/// <param name="Count">How many of these there were.</param>
/// <param name="Requests">How many requests it had sent in the same window.</param>
/// <param name="Time">The how manieth ban it is, from 1.</param>
/// <param name="SinceMs">When it began.</param>
/// <param name="UntilMs">When it ends.</param>
internal readonly record struct Ban(UInt128 Client, Offence Offence, int Count, int Requests, int Time, long SinceMs, long UntilMs)
{
    /// <summary>The client in words: an address, or a network of 64 bits.</summary>
    public string Who => IpText.IsIPv4(Client) ? IpText.ToAddress(Client).ToString() : $"{IpText.ToAddress(Client & ((UInt128)ulong.MaxValue << 64))}/64";
}
