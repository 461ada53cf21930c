using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Core.Kinds.State;

/// <summary>How a publish goes out in stages: to whom first, how long each share of readers is looked at, and what it is held to.</summary>
public sealed record ConfigStages
{
    /// <summary>The most steps.</summary>
    public const int MostSteps = 20;

    /// <summary>The steps of who gives none.</summary>
    public static IReadOnlyList<Share> UsualSteps { get; } = [Share.Percent(5), Share.Percent(25), Share.Percent(50)];

    /// <summary>The shares of readers that have it, one after the other, before all do; each is at least one reader. Default 5%, 25%, 50%. At most 20, rising.</summary>
    public IReadOnlyList<Share>? Steps { get; init; }

    /// <summary>How long each step lasts at least; it is not over before all of its readers run it. Default 1m; 0s to 7d.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Only readers on these hosts have it before all do. Default: all. At most 100.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>Only readers with all of these labels, their own or their host's, have it before all do. Default: all. At most 20.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Each step waits until somebody says <c>mainstay config resume</c>. Default false.</summary>
    public bool Pause { get; init; }

    /// <summary>What instances that run it are held to, against those of the same service that do not; it is given up when it does harm.</summary>
    public JudgeSpec Judge { get; init; } = new();

    /// <summary>The shares, those meant where none are given.</summary>
    public IReadOnlyList<Share> Shares() => Steps is { Count: > 0 } steps ? steps : UsualSteps;

    public IEnumerable<Problem> Validate()
    {
        if (Steps is { Count: > MostSteps })
        {
            yield return new("steps", $"{Steps.Count} steps are more than {MostSteps}", "leave some out");
        }
        else if (Steps is not null && (Steps.Any(s => s.Fraction is <= 0 or > 1) || Steps.Zip(Steps.Skip(1)).Any(p => p.Second.Fraction <= p.First.Fraction)))
        {
            yield return new("steps", "steps are shares above 0% that rise, to 100% at most", "write for example 5%, 25%, 50%");
        }

        foreach (var host in (Hosts ?? []).Where(h => !Names.IsValid(h)))
        {
            yield return Names.Invalid("hosts", host);
        }

        if (Hosts is { Count: > 100 or 0 } || Labels is { Count: > 20 or 0 })
        {
            yield return new(Hosts is { Count: > 100 or 0 } ? "hosts" : "labels", "there are none, or too many", "name 1 to 100 hosts and 1 to 20 labels, or leave them out");
        }

        if ((Labels ?? new Dictionary<string, string>()).Any(l => l.Key.Length is 0 or > 63 || l.Value is null or { Length: > 255 }))
        {
            yield return new("labels", "a label is longer than 63 characters, its value longer than 255, or one is missing", "write KEY=VALUE");
        }

        if (Judge.Queries is not null || Judge.Fresh)
        {
            yield return new("judge", "a publish is held to errors and latency alone", "remove queries and fresh");
        }

        foreach (var problem in Limits.Between("hold", Hold, TimeSpan.Zero, TimeSpan.FromDays(7)).Concat(Judge.Validate().Select(p => p.Under("judge"))))
        {
            yield return problem;
        }
    }
}

/// <summary>A publish that some readers have and others do not yet.</summary>
public sealed record ConfigStaging
{
    /// <summary>The version that it is, and stays once all have it.</summary>
    public required int Number { get; init; }

    public required ConfigContent Content { get; init; }

    public required ConfigStages Plan { get; init; }

    /// <summary>Which of the steps, from 0 on.</summary>
    public int Step { get; init; }

    /// <summary>Readers whose place is up to this have it: see <see cref="ConfigRanks"/>. A reader that has it keeps it.</summary>
    public uint UpTo { get; init; }

    public required DateTimeOffset Began { get; init; }

    /// <summary>When the step began.</summary>
    public required DateTimeOffset Since { get; init; }

    public required string By { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>It stays at its step until somebody resumes it.</summary>
    public bool Paused { get; init; }

    /// <summary>The gate of this step was opened.</summary>
    public bool Passed { get; init; }
}

/// <summary>Where a publish stands with readers.</summary>
public enum ConfigOutcome
{
    /// <summary>All have it.</summary>
    Published,

    /// <summary>Some have it.</summary>
    Staged,

    /// <summary>It was given up before all had it.</summary>
    Withdrawn,
}

/// <summary>Who a reader is, as far as it decides whether it has a staged publish.</summary>
/// <param name="Name">What it calls itself.</param>
/// <param name="Host">Its host; empty where that is not known.</param>
/// <param name="Labels">Its own and its host's.</param>
public sealed record ConfigReaderIdentity(string Name, string Host, IReadOnlyDictionary<string, string> Labels);

/// <summary>Readers of a staged publish stand in an order that each version draws anew: who comes first is no reader's fate for ever, and whoever has it keeps it as shares grow.</summary>
public static class ConfigRanks
{
    /// <summary>The place of a reader.</summary>
    public static uint Of(string space, int number, string reader)
    {
        // FNV-1a, and a last stir, as names of instances differ in their last letters alone.
        var hash = 2166136261;
        foreach (var c in $"{space}.{number}/{reader}")
        {
            hash = (hash ^ c) * 16777619;
        }

        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }

    /// <summary>Whether a reader is among those that may have it before all do.</summary>
    public static bool May(ConfigStages plan, ConfigReaderIdentity who) =>
        (plan.Hosts is null || plan.Hosts.Contains(who.Host, StringComparer.Ordinal)) && (plan.Labels is null || plan.Labels.All(l => who.Labels.GetValueOrDefault(l.Key) == l.Value));

    /// <summary>Whether a reader has it now.</summary>
    public static bool Takes(ConfigStaging staged, string space, ConfigReaderIdentity who) => May(staged.Plan, who) && Of(space, staged.Number, who.Name) <= staged.UpTo;

    /// <summary>Up to which place a share goes: at least one of the readers that are known, and by chance of those that come.</summary>
    public static uint UpTo(string space, int number, Share share, IEnumerable<string> readers)
    {
        var ranks = readers.Distinct(StringComparer.Ordinal).Select(r => Of(space, number, r)).Order().ToArray();
        var count = Math.Clamp((int)Math.Ceiling((ranks.Length * share.Fraction) - 1e-9), 1, Math.Max(1, ranks.Length));
        return share.Fraction >= 1 ? uint.MaxValue : ranks.Length == 0 ? (uint)(share.Fraction * uint.MaxValue) : ranks[count - 1];
    }
}
