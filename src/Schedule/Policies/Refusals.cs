using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Policies;

/// <summary>Says why no host takes an instance, counted by reason, for people.</summary>
public static class Refusals
{
    /// <summary>One sentence about all hosts, with what tells more.</summary>
    public static string Summary(IReadOnlyList<HostLoad> hosts, PlaceAsk ask, string service)
    {
        var counts = hosts.CountBy(h => Placement.Refusal(h, ask)).Where(c => c.Key != PlaceRefusal.None).OrderByDescending(c => c.Value).ThenBy(c => c.Key)
            .Select(c => $"{c.Value} {Word(c.Key, ask)}");
        return $"no host takes another instance: of {hosts.Count}, {string.Join(", ", counts)}; 'mainstay why pending {service}' says which";
    }

    static string Word(PlaceRefusal refusal, PlaceAsk ask) => refusal switch
    {
        PlaceRefusal.Cordoned => "cordoned",
        PlaceRefusal.Draining => "being drained",
        PlaceRefusal.Elsewhere => "without what was built",
        PlaceRefusal.Zone => "in other zones",
        PlaceRefusal.Labels => "with other labels",
        PlaceRefusal.Apart => "with a service that it stays apart from",
        PlaceRefusal.PerHost => $"with {ask.Place.PerHost} of its own",
        PlaceRefusal.Cpu => $"without {ask.Wants.Cpu} free processors",
        _ => $"without {ask.Wants.Memory} of free memory",
    };
}
