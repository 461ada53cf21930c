namespace Mainstay.Core.Kinds.Schedule;

/// <summary>
/// An address of a service that others run, as it was registered over the API: by the one who answers there, or by hand. With a lease it is gone when nobody renews it.
/// Its name is <c>SERVICE.ID</c>.
/// </summary>
public sealed record Registration : Resource
{
    /// <summary>The most that a service can have.</summary>
    public const int Most = 1000;

    /// <summary>The shortest lease.</summary>
    public static readonly TimeSpan LeastTtl = TimeSpan.FromSeconds(1);

    /// <summary>The longest lease.</summary>
    public static readonly TimeSpan MostTtl = TimeSpan.FromHours(24);

    /// <summary>The service that it is an address of.</summary>
    public required string Service { get; init; }

    /// <summary>Tells the service's registrations apart.</summary>
    public required string Id { get; init; }

    /// <summary>As <c>host:port</c>.</summary>
    public required string Address { get; init; }

    /// <summary>The version of what answers there, as semantic version; null for the service's own.</summary>
    public string? Version { get; init; }

    /// <summary>What who registered it says of it. At most 16; keys to 63 characters, values to 255.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>How long it lasts without a renewal; null until it is taken back.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Who registered it.</summary>
    public string By { get; init; } = "";

    /// <summary>When it was registered as it is.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The store's lease that it hangs on; 0 for none.</summary>
    public long Lease { get; init; }

    public static string NameOf(string service, string id) => $"{service}.{id}";

    public override IEnumerable<Problem> Validate()
    {
        if (!Names.IsValid(Id))
        {
            yield return Names.Invalid("id", Id.Length > Names.MaxLength ? Id[..Names.MaxLength] : Id);
        }
        else if (!Names.IsValid(Name))
        {
            yield return new("id", $"service and id are longer than {Names.MaxLength - 1} characters together", "choose a shorter id");
        }

        if (!ExternalAddress.TryParse(Address, out _))
        {
            yield return ExternalAddress.Invalid("address", Address);
        }

        if (Version is not null && !SemanticVersion.TryParse(Version, out _))
        {
            yield return new("version", $"'{(Version.Length > 80 ? Version[..80] : Version)}' is not a semantic version", "write MAJOR.MINOR.PATCH, for example 1.4.0");
        }

        if (Labels is not null && (Labels.Count > 16 || Labels.Any(l => l.Key.Length is 0 or > 63 || l.Value.Length > 255 || (l.Key + l.Value).Any(char.IsControl))))
        {
            yield return new("labels", "there are more than 16, or one is too long or cannot be shown", "give at most 16, keys of 1 to 63 characters and values of at most 255");
        }

        foreach (var problem in Ttl is { } ttl ? Limits.Between("ttl", ttl, LeastTtl, MostTtl) : [])
        {
            yield return problem;
        }
    }
}
