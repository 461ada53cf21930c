using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Shouldly;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>Hosts, and what services ask of them, as the words of scenarios.</summary>
static class HostWords
{
    /// <summary><c>h1:zone=a,cpu=2,memory=1Gi,label.disk=ssd,home=yes</c>.</summary>
    public static Machine Read(string word)
    {
        var parts = word.Split(':', 2);
        var options = parts.ElementAtOrDefault(1)?.Split(',').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]) ?? [];
        return new()
        {
            Name = parts[0],
            Zone = options.GetValueOrDefault("zone"),
            Home = options.ContainsKey("home"),
            Capacity = Resources(options),
            Labels = options.Where(o => o.Key.StartsWith("label.", StringComparison.Ordinal)).ToDictionary(o => o.Key["label.".Length..], o => o.Value),
        };
    }

    public static Criticality Criticality(Dictionary<string, string> options) =>
        options.TryGetValue("criticality", out var word) ? Enum.Parse<Criticality>(word, ignoreCase: true) : Mainstay.Core.Kinds.Criticality.Medium;

    public static ResourceSpec? Resources(Dictionary<string, string> options)
    {
        var cpu = options.TryGetValue("cpu", out var c) && Cpus.TryParse(c, out var cpus) ? cpus : (Cpus?)null;
        var memory = options.TryGetValue("memory", out var m) && ByteSize.TryParse(m, out var size) ? size : (ByteSize?)null;
        return cpu is null && memory is null ? null : new() { Cpu = cpu, Memory = memory };
    }

    public static PlaceSpec? Place(Dictionary<string, string> options)
    {
        string[] List(string key) => options.TryGetValue(key, out var text) ? text.Split(',') : [];
        var place = new PlaceSpec
        {
            Strategy = options.TryGetValue("place", out var strategy) ? Enum.Parse<PlaceStrategy>(strategy, ignoreCase: true) : PlaceStrategy.Spread,
            Zones = List("zones"),
            Labels = List("labels").Select(l => l.Split(':')).ToDictionary(l => l[0], l => l[1]),
            Near = List("near"),
            Apart = List("apart"),
            PerHost = options.TryGetValue("perHost", out var most) ? int.Parse(most) : null,
            Data = options.ContainsKey("shared") ? PlaceData.Shared : PlaceData.Local,
        };
        place.Validate().ShouldBeEmpty();
        return Codec.Same(place, new PlaceSpec()) ? null : place;
    }
}
