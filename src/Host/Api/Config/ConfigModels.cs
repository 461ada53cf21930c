using Mainstay.Core.Kinds.State;

namespace Mainstay.Host.Api.Config;

/// <summary>Edits a name space.</summary>
public sealed record ConfigEdit
{
    /// <summary>The environment whose values are set; <c>*</c>, the default, is every one.</summary>
    public string Environment { get; init; } = ConfigContent.Everywhere;

    /// <summary>Values to set, by key.</summary>
    public IReadOnlyDictionary<string, string> Set { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys whose values are removed.</summary>
    public IReadOnlyList<string> Unset { get; init; } = [];

    /// <summary>Replaces everything first: what it declares, inherits and sets.</summary>
    public ConfigContent? Content { get; init; }

    /// <summary>The content after it.</summary>
    public ConfigContent Apply(ConfigContent before)
    {
        var content = Content ?? before;
        if (Set.Count == 0 && Unset.Count == 0)
        {
            return content;
        }

        var values = new SortedDictionary<string, string>((content.Values.GetValueOrDefault(Environment) ?? new Dictionary<string, string>()).ToDictionary(), StringComparer.Ordinal);
        foreach (var key in Unset)
        {
            values.Remove(key);
        }

        foreach (var (key, value) in Set)
        {
            values[key] = value;
        }

        var all = new SortedDictionary<string, IReadOnlyDictionary<string, string>>(content.Values.ToDictionary(), StringComparer.Ordinal) { [Environment] = values };
        if (values.Count == 0)
        {
            all.Remove(Environment);
        }

        return content with { Values = all };
    }
}

/// <summary>Asks for a publish.</summary>
public sealed record ConfigPublishAsk
{
    /// <summary>Why, for people. Up to 500 characters.</summary>
    public string Reason { get; init; } = "";

    /// <summary>To some readers first, and to all when it does no harm. Default: to all at once.</summary>
    public ConfigStages? Stages { get; init; }
}

/// <summary>Says what is to become of a publish that goes out in stages.</summary>
public sealed record ConfigStageAsk
{
    /// <summary><c>promote</c> gives it to all, <c>abort</c> takes it back, <c>pause</c> holds it at its step, <c>resume</c> lets it go on, past a gate too.</summary>
    public required string Act { get; init; }

    /// <summary>Why, for people. Up to 500 characters.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>How a publish that goes out in stages stands.</summary>
/// <param name="Staged">It; null where none is under way.</param>
/// <param name="Chosen">How many readers are to have it now.</param>
/// <param name="Running">How many of these run it.</param>
/// <param name="Others">How many readers have the version before.</param>
/// <param name="Message">What it waits for.</param>
/// <param name="Reports">How instances that run it compare with those that do not, by service.</param>
public sealed record ConfigStagingView(ConfigStaging? Staged, int Chosen, int Running, int Others, string Message, IReadOnlyDictionary<string, Core.Kinds.Schedule.ReleaseReport> Reports);

/// <summary>Asks for what an earlier version had.</summary>
public sealed record ConfigRollbackAsk
{
    /// <summary>The version to go back to.</summary>
    public required int Version { get; init; }

    /// <summary>Why, for people. Up to 500 characters.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>Versions of a name space, the oldest first.</summary>
public sealed record ConfigVersions(IReadOnlyList<ConfigVersion> Items);

/// <summary>Who reads a name space.</summary>
public sealed record ConfigReaders(IReadOnlyList<ConfigReaderView> Items);

/// <summary>A reader, whether it runs what it is to run now, and whether that is a staged publish.</summary>
public sealed record ConfigReaderView(ConfigReader Reader, bool IsCurrent, bool IsStaged);

/// <summary>What a publish would change.</summary>
/// <param name="By">Who edited last.</param>
/// <param name="At">When.</param>
/// <param name="Changes">What differs.</param>
/// <param name="Problems">What stands against it.</param>
public sealed record ConfigDiff(string By, DateTimeOffset At, IReadOnlyList<ConfigChange> Changes, IReadOnlyList<ProblemPlace> Problems);
