
namespace Mainstay.Core.Kinds.State;

/// <summary>A value as a reader sees it, and where it comes from.</summary>
/// <param name="Value">As it was written; of a secret item its reference.</param>
/// <param name="Space">The name space that says it.</param>
/// <param name="Version">Its version.</param>
/// <param name="Layer">Whose name space it is.</param>
/// <param name="Environment">The environment that it is said for; <c>*</c> for every one.</param>
/// <param name="IsDefault">It is the item's default: nobody set it.</param>
/// <param name="IsSecret">Its value is shown nowhere.</param>
public sealed record ConfigValue(string Value, string Space, int Version, ConfigLayer Layer, string Environment, bool IsDefault, bool IsSecret);

/// <summary>What a name space comes to, with all that it inherits, in one environment.</summary>
/// <param name="Values">By key, in ordinal order.</param>
/// <param name="From">Every name space that could have a say, the nearest first, with its version.</param>
public sealed record ConfigView(IReadOnlyDictionary<string, ConfigValue> Values, IReadOnlyList<(string Space, int Version)> From)
{
    /// <summary>What each declared key may be set to.</summary>
    public IReadOnlyDictionary<string, ConfigItem> Items { get; init; } = new Dictionary<string, ConfigItem>();

    /// <summary>The versions that it is made of, as one text: another whenever any of them is.</summary>
    public string Tag => string.Join('-', From.Select(f => $"{f.Space}.{f.Version}"));
}

/// <summary>
/// Puts name spaces together. The nearest one counts: a name space's own value before what it inherits, whatever the environment; in one name space the environment's value before that of every environment.
/// </summary>
public static class ConfigEffective
{
    /// <summary>How many name spaces one may come to inherit.</summary>
    public const int MostInherited = 64;

    /// <summary>The name space and all that it inherits, the nearest first, each once; what does not exist is left out.</summary>
    public static IReadOnlyList<ConfigSpace> ChainOf(string name, Func<string, ConfigSpace?> find)
    {
        var chain = new List<ConfigSpace>();
        Add(name);
        return chain;

        void Add(string one)
        {
            if (chain.Count > MostInherited || chain.Any(s => s.Name == one) || find(one) is not { } space)
            {
                return;
            }

            chain.Add(space);
            foreach (var parent in space.Content.Parents)
            {
                Add(parent);
            }
        }
    }

    /// <summary>What readers of a name space see in an environment; null where there is no such name space.</summary>
    public static ConfigView? Of(string name, string environment, Func<string, ConfigSpace?> find)
    {
        var chain = ChainOf(name, find);
        if (chain.Count == 0)
        {
            return null;
        }

        var items = ItemsOf(chain);
        var values = new SortedDictionary<string, ConfigValue>(StringComparer.Ordinal);
        foreach (var space in chain)
        {
            foreach (var one in environment == ConfigContent.Everywhere ? [environment] : new[] { environment, ConfigContent.Everywhere })
            {
                foreach (var (key, value) in space.Content.Values.GetValueOrDefault(one) ?? new Dictionary<string, string>())
                {
                    values.TryAdd(key, new(value, space.Name, space.Version, space.Content.Layer, one, IsDefault: false, items.TryGetValue(key, out var item) && item.Item.Secret));
                }
            }
        }

        foreach (var (key, (item, space)) in items)
        {
            if (item.Default is { } value)
            {
                values.TryAdd(key, new(value, space.Name, space.Version, space.Content.Layer, ConfigContent.Everywhere, IsDefault: true, item.Secret));
            }
        }

        return new(values, [.. chain.Select(s => (s.Name, s.Version))]) { Items = items.ToDictionary(i => i.Key, i => i.Value.Item, StringComparer.Ordinal) };
    }

    /// <summary>What each key may be set to: the nearest declaration counts.</summary>
    public static IReadOnlyDictionary<string, (ConfigItem Item, ConfigSpace Space)> ItemsOf(IReadOnlyList<ConfigSpace> chain)
    {
        var items = new Dictionary<string, (ConfigItem, ConfigSpace)>(StringComparer.Ordinal);
        foreach (var space in chain)
        {
            foreach (var (key, item) in space.Content.Items)
            {
                items.TryAdd(key, (item, space));
            }
        }

        return items;
    }
}
