using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A request's level. At the edge it is made from the route's criticality and the user; in the mesh it is what the request carries in X-Mainstay-Level, and
/// where a service does not pass that on, it is made from the calling service's criticality.
/// </summary>
internal static class RequestLevel
{
    public static int Of(Exchange x)
    {
        if (x.Level < 0) x.Level = Make(x);
        return x.Level;
    }

    private static int Make(Exchange x)
    {
        var terms = x.Target!.Level;
        // Only services of ours are heard: from outside the header is dropped.
        if (terms.Hears && x.Request.Level >= 0) return x.Request.Level;
        return Levels.Of(terms.Business, Levels.UserOf(terms.User?.Of(x) ?? ClientKey.Of(x), x.Connection.Gateway.Clock.CoarseUtc.ToUnixTimeSeconds()));
    }
}

/// <summary>How a target's requests get their level.</summary>
/// <param name="Business">What they are worth where they do not say it.</param>
/// <param name="Hears">Whether they may say it themselves.</param>
/// <param name="Passes">Whether the level is told to the service: some service sheds by it.</param>
/// <param name="User">Who the user is; null for the client.</param>
internal sealed record LevelTerms(int Business, bool Hears, bool Passes, LimitKeyReader? User)
{
    public static LevelTerms None { get; } = new(Levels.Medium, false, false, null);

    public static LevelTerms Of(TargetPlace place) => new(
        Levels.BusinessOf(place.Criticality),
        place.Listener.Kind == ListenerKind.Mesh,
        place.UsesLevels,
        place.Route?.Spec.User is { } user ? new LimitKeyReader(user, place) : null);
}
