namespace Mainstay.Core.Kinds.State;

/// <summary>A name space of configuration as the manifest declares it: what it says is edited there and nowhere else, and each change of it is a publish. Limits are <see cref="ConfigContent"/>'s.</summary>
public sealed record ConfigSpec
{
    /// <summary>Whose it is. Default application.</summary>
    public ConfigLayer Layer { get; init; }

    /// <summary>For people. Up to 500 characters.</summary>
    public string Description { get; init; } = "";

    /// <summary>The template that it chooses from, for the layers platform and host.</summary>
    public string? Template { get; init; }

    /// <summary>Name spaces whose items and values it has too, unless it has its own; the first counts before the second. At most 8.</summary>
    public IReadOnlyList<string>? Inherits { get; init; }

    /// <summary>What may be set: type, range, default. Default: every key, to every text.</summary>
    public IReadOnlyDictionary<string, ConfigItem>? Items { get; init; }

    /// <summary>Values by key, in every environment.</summary>
    public IReadOnlyDictionary<string, string>? Values { get; init; }

    /// <summary>Values by environment and key, each before that of every environment.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? Environments { get; init; }

    /// <summary>The same as a publish has it.</summary>
    public ConfigContent ToContent()
    {
        var values = new SortedDictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var (environment, one) in Environments ?? new Dictionary<string, IReadOnlyDictionary<string, string>>())
        {
            values[environment] = one;
        }

        if (Values is { Count: > 0 })
        {
            values[ConfigContent.Everywhere] = Values;
        }

        return new() { Layer = Layer, Description = Description, Template = Template, Inherits = Inherits ?? [], Items = Items ?? new Dictionary<string, ConfigItem>(), Values = values };
    }
}
