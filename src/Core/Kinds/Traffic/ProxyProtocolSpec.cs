namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Connections to the front door begin with a header of the PROXY protocol (version 1 or 2), in which a load balancer tells whose connection it
/// passes on. In the manifest <c>true</c> may stand alone.
/// </summary>
[PlainValueIs(nameof(Enabled))]
public sealed record ProxyProtocolSpec
{
    const int MostRanges = 1000;

    /// <summary>Whether the header is asked for. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Addresses and ranges (<c>10.0.0.0/8</c>) whose connections begin with the header; those of all others must not. Default: all connections have it. At most 1,000.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    public IEnumerable<Problem> Validate() => AddressRanges.Problems("from", From, MostRanges);
}
