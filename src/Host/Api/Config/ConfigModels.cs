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
}

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

/// <summary>A reader, and whether it runs what is published now.</summary>
public sealed record ConfigReaderView(ConfigReader Reader, bool IsCurrent);

/// <summary>What a publish would change.</summary>
/// <param name="By">Who edited last.</param>
/// <param name="At">When.</param>
/// <param name="Changes">What differs.</param>
/// <param name="Problems">What stands against it.</param>
public sealed record ConfigDiff(string By, DateTimeOffset At, IReadOnlyList<ConfigChange> Changes, IReadOnlyList<ProblemPlace> Problems);
