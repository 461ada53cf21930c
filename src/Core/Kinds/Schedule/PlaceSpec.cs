namespace Mainstay.Core.Kinds.Schedule;

/// <summary>On which hosts the instances of a service run.</summary>
public sealed record PlaceSpec
{
    const int Most = 32;

    /// <summary><c>spread</c>: where the fewest of its instances are, then where most is free; <c>binpack</c>: where least is free, so that other hosts stay empty. Default spread.</summary>
    public PlaceStrategy Strategy { get; init; }

    /// <summary>Only hosts in these zones. Default: any. At most 32.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Only hosts whose agents were started with these labels. Default: any. At most 32.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Services whose hosts it would rather share. At most 32.</summary>
    public IReadOnlyList<string> Near { get; init; } = [];

    /// <summary>Services whose hosts it never shares. At most 32.</summary>
    public IReadOnlyList<string> Apart { get; init; } = [];

    /// <summary>The most of its own instances on one host. Default: any number. 1 to 1000.</summary>
    public int? PerHost { get; init; }

    /// <summary>Where the data of a pet is: <c>local</c>, on its host, which it never leaves; <c>shared</c>, where every host reaches it, so that it is brought up elsewhere when its host is lost. Default local.</summary>
    public PlaceData Data { get; init; }

    public IEnumerable<Problem> Validate()
    {
        foreach (var (path, count) in new[] { ("zones", Zones.Count), ("labels", Labels.Count), ("near", Near.Count), ("apart", Apart.Count) })
        {
            if (count > Most)
            {
                yield return new(path, $"{count} are more than {Most}", "name fewer; labels that several hosts share say the same shorter");
            }
        }

        foreach (var problem in PerHost is { } perHost ? Limits.Between("perHost", perHost, 1, InstanceCount.Most) : [])
        {
            yield return problem;
        }

        foreach (var both in Near.Intersect(Apart, StringComparer.Ordinal))
        {
            yield return new("near", $"'{both}' is both near and apart", "keep one of them");
        }
    }
}

/// <summary>Which of the hosts that will do gets the next instance.</summary>
public enum PlaceStrategy
{
    /// <summary>Where the fewest of its instances are, then where most is free.</summary>
    Spread,

    /// <summary>Where least is free.</summary>
    Binpack,
}

/// <summary>Where the data of a pet is.</summary>
public enum PlaceData
{
    /// <summary>On the host that it first ran on.</summary>
    Local,

    /// <summary>Where every host reaches it.</summary>
    Shared,
}
