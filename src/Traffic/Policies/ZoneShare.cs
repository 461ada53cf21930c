using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>Some instances of a service, in one zone or outside of it.</summary>
/// <param name="Endpoints">All.</param>
/// <param name="Usable">Those that can be connected to and are not ejected.</param>
/// <param name="InFlight">This gateway's requests at the usable ones.</param>
internal readonly record struct ZoneStanding(int Endpoints, int Usable, int InFlight)
{
    public double Mean => Usable == 0 ? 0 : (double)InFlight / Usable;
}

/// <summary>
/// Which part of a service's requests stays in the gateway's zone: all, as long as enough of its instances can be used and they have not too much to do. Too much makes it less by a tenth each
/// time it is looked at, down to the part that the zone's instances are of all; then it comes back by twentieths.
/// </summary>
internal sealed class ZoneShare(ZoneSpec terms)
{
    private const double Less = 0.9;
    private const double More = 0.05;

    /// <summary>Between this and the whole of what is too much nothing changes.</summary>
    private const double Calm = 0.8;

    private double byLoad = 1;
    private double share = 1;

    /// <summary>0 to 1.</summary>
    public double Share => Volatile.Read(ref share);

    /// <summary>What made it less than 1; empty where it is 1.</summary>
    public string Why { get; private set; } = "";

    /// <summary>Looks once more.</summary>
    public void Beat(in ZoneStanding near, in ZoneStanding far)
    {
        var fair = near.Usable + far.Usable == 0 ? 1 : (double)near.Usable / (near.Usable + far.Usable);
        if (near.Mean > terms.InFlight && near.Mean > far.Mean) byLoad *= Less;
        else if (near.Mean < terms.InFlight * Calm || near.Mean < far.Mean * Calm) byLoad += More;
        byLoad = Math.Clamp(byLoad, fair, 1);
        var byHealth = near.Endpoints == 0 ? 0 : Math.Min(1, near.Usable / (terms.Healthy.Fraction * near.Endpoints) + 1e-9);
        // Where nobody else can be used there is nobody to leave anything to.
        Volatile.Write(ref share, far.Usable == 0 ? 1 : Math.Min(byHealth, byLoad));
        Why = share >= 1 ? "" : byHealth < byLoad ? $"{near.Usable} of {near.Endpoints} instances of the zone can be used" : "the zone's instances have too much to do";
    }
}
