namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Requests stay in the gateway's own zone while its part of the service is well and has not too much to do. Agents and gateways are told their zone at their start
/// (<c>--zone</c> or <c>MAINSTAY_ZONE</c>). In the manifest <c>true</c> may stand alone.
/// </summary>
[PlainValueIs(nameof(Enabled))]
public sealed record ZoneSpec
{
    /// <summary>Whether instances of the same zone are preferred. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Where a smaller part of the zone's instances can be used, requests leave it in proportion. Default 70%; above 0%.</summary>
    public Share Healthy { get; init; } = Share.Percent(70);

    /// <summary>Where the zone's instances have more requests of this gateway in flight than so many each, and more than those of other zones, requests leave it. Default 32; 1 to 100000.</summary>
    public int InFlight { get; init; } = 32;

    public IEnumerable<Problem> Validate()
    {
        if (Healthy.Fraction <= 0)
        {
            yield return new("healthy", "requests would never leave the zone", "choose more than 0%");
        }

        foreach (var problem in Limits.Between("inFlight", InFlight, 1, 100_000))
        {
            yield return problem;
        }
    }
}
