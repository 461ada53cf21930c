namespace Mainstay.Schedule.Decide;

/// <summary>An image that instances of a service were started from on this host.</summary>
/// <param name="Service">The service's name.</param>
/// <param name="Image">The name that it was asked for by; at most the last of several.</param>
/// <param name="Id">What the engine knows its content by.</param>
/// <param name="UsedAt">When an instance was last started from it.</param>
/// <param name="Fetched">Whether we fetched it. What others put on the host may be nowhere else.</param>
public sealed record KnownImage(string Service, string Image, string Id, DateTimeOffset UsedAt, bool Fetched);

/// <summary>Which images a host keeps: those in use, and the last few of each service, so that going back needs no registry.</summary>
public static class ImageDecide
{
    /// <summary>So many images of each service are kept, as outputs of builds are.</summary>
    public const int Kept = 5;

    /// <summary>Notes that an instance is started from an image.</summary>
    public static IReadOnlyList<KnownImage> Use(IReadOnlyList<KnownImage> known, KnownImage now)
    {
        var before = known.FirstOrDefault(k => k.Service == now.Service && k.Id == now.Id);
        return [.. known.Where(k => k != before), now with { Fetched = now.Fetched || before?.Fetched == true }];
    }

    /// <summary>What may be removed: what we fetched, no service keeps and no container is made of. The longest unused come first.</summary>
    /// <param name="known">All that is noted.</param>
    /// <param name="inUse">The ids of images that any container of the host is made of.</param>
    public static IReadOnlyList<string> Idle(IReadOnlyList<KnownImage> known, IReadOnlySet<string> inUse)
    {
        var kept = known.GroupBy(k => k.Service, StringComparer.Ordinal)
            .SelectMany(g => g.OrderByDescending(k => k.UsedAt).ThenByDescending(k => k.Id, StringComparer.Ordinal).Take(Kept)).Select(k => k.Id).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. known.GroupBy(k => k.Id, StringComparer.Ordinal).Where(g => g.Any(k => k.Fetched) && !kept.Contains(g.Key) && !inUse.Contains(g.Key))
                .OrderBy(g => g.Max(k => k.UsedAt)).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Key),
        ];
    }

    /// <summary>Forgets an image that is gone.</summary>
    public static IReadOnlyList<KnownImage> Without(IReadOnlyList<KnownImage> known, string id) => [.. known.Where(k => k.Id != id)];
}
