using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.State;

/// <summary>
/// A name space of configuration: what is published of it. Each publish is a version of its own, from 1 on; what is edited lies beside it until then (<see cref="ConfigDraft"/>).
/// </summary>
public sealed record ConfigSpace : Resource
{
    /// <summary>The number of the last publish.</summary>
    public required int Version { get; init; }

    /// <summary>What it published.</summary>
    public required ConfigContent Content { get; init; }

    /// <summary>A publish that some readers have already; null where none is under way.</summary>
    public ConfigStaging? Staged { get; init; }

    /// <summary>The highest number that a publish had; one that was given up keeps its own.</summary>
    public int Used { get; init; }

    /// <summary>As the manifest declares it; null where it is edited here.</summary>
    public ConfigSpec? Declared { get; init; }
}

/// <summary>What is edited of a name space and not published yet. Its name is the name space's.</summary>
public sealed record ConfigDraft : Resource
{
    /// <summary>The version that it began with; a publish of others meanwhile is a conflict.</summary>
    public required int From { get; init; }

    public required ConfigContent Content { get; init; }

    /// <summary>Who edited it last.</summary>
    public required string By { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>A publish. Its name is <c>SPACE.NUMBER</c>.</summary>
public sealed record ConfigVersion : Resource
{
    public required string Space { get; init; }

    public required int Number { get; init; }

    public required ConfigContent Content { get; init; }

    /// <summary>What differs from the version before; values of secret items are masked.</summary>
    public required IReadOnlyList<ConfigChange> Changes { get; init; }

    /// <summary>Who published it.</summary>
    public required string By { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Whether all readers have it. Default published.</summary>
    public ConfigOutcome Outcome { get; init; }

    /// <summary>Why it was given up; empty where it was not.</summary>
    public string Withdrawn { get; init; } = "";

    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The name of a version.</summary>
    public static string NameOf(string space, int number) => $"{space}.{number}";
}

/// <summary>One difference between two contents.</summary>
/// <param name="Path">Such as <c>values.prod.banner</c>, <c>values.*.banner</c> (every environment) or <c>items.banner.max</c>.</param>
/// <param name="Before">Null where it did not exist.</param>
/// <param name="After">Null where it no longer exists.</param>
public sealed record ConfigChange(string Path, string? Before, string? After);

/// <summary>Whose configuration it is.</summary>
public enum ConfigLayer
{
    /// <summary>A service's: free within what its items declare.</summary>
    Application,

    /// <summary>What services stand on, such as runtimes and middleware: chosen from a template.</summary>
    Platform,

    /// <summary>The machine's: chosen from a template.</summary>
    Host,

    /// <summary>Items with the values that may be chosen. Only the administrator edits it.</summary>
    Template,
}

/// <summary>What a name space says.</summary>
public sealed record ConfigContent
{
    /// <summary>The longest value, in characters.</summary>
    public const int MostValue = 64 * 1024;

    /// <summary>How many keys a name space may have, in all environments together.</summary>
    public const int MostKeys = 2000;

    /// <summary>What is everywhere unless an environment says otherwise.</summary>
    public const string Everywhere = "*";

    /// <summary>Whose it is. Default application.</summary>
    public ConfigLayer Layer { get; init; }

    /// <summary>For people. Up to 500 characters.</summary>
    public string Description { get; init; } = "";

    /// <summary>The template that it chooses from, for the layers platform and host.</summary>
    public string? Template { get; init; }

    /// <summary>Name spaces whose items and values it has too, unless it has its own; the first counts before the second. At most 8.</summary>
    public IReadOnlyList<string> Inherits { get; init; } = [];

    /// <summary>What may be set: type, range, default. Where neither it nor what it inherits declares any, every key may be set to every text.</summary>
    public IReadOnlyDictionary<string, ConfigItem> Items { get; init; } = new Dictionary<string, ConfigItem>();

    /// <summary>Values by environment and key; <c>*</c> is every environment.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Values { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>Every name space that it refers to.</summary>
    [JsonIgnore]
    public IEnumerable<string> Parents => Template is { } template ? Inherits.Append(template) : Inherits;
}

/// <summary>What one key may be set to.</summary>
public sealed record ConfigItem
{
    /// <summary>Default text.</summary>
    public ConfigType Type { get; init; }

    /// <summary>What it is where nobody set it. Default: it is not there.</summary>
    public string? Default { get; init; }

    /// <summary>The least number, duration or size.</summary>
    public string? Min { get; init; }

    /// <summary>The largest number, duration or size; of texts the largest length.</summary>
    public string? Max { get; init; }

    /// <summary>A regular expression that the whole of a text has to match.</summary>
    public string? Pattern { get; init; }

    /// <summary>The values that there are. Default: all of the type.</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>For people. Up to 500 characters.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether every name space that inherits it has to have a value of it, whatever the environment.</summary>
    public bool Required { get; init; }

    /// <summary>Its value is the name of a secret (<c>secret:NAME</c>), which is put in its place where it is delivered and shown nowhere.</summary>
    public bool Secret { get; init; }
}

/// <summary>The types of values.</summary>
public enum ConfigType
{
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>Any number.</summary>
    Number,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>Such as 250ms, 30s or 1h.</summary>
    Duration,

    /// <summary>Such as 512Ki or 1Gi.</summary>
    Size,

    /// <summary>Any JSON.</summary>
    Json,
}
