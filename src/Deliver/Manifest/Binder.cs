using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Deliver.Manifest;

/// <summary>
/// Fills records from a tree by reflection over their properties: the kinds are the manifest's only model. Everything that does not fit is a
/// problem with its place; the value then stays default, so that the rest can still be checked.
/// </summary>
[UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Trimming.Rooted)]
sealed class Binder(List<PlacedProblem> problems)
{
    /// <summary>A record of type <typeparamref name="T"/> from the top of a manifest. Keys that begin with <c>x-</c> are the user's own (for anchors).</summary>
    public T Top<T>(TreeMap root) => (T)Record(typeof(T), root, "", root.Place, isOurs: key => !key.StartsWith("x-", StringComparison.Ordinal));

    object? Value(Type type, TreeNode node, string path, Place at, bool namesAlone = false)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(FreeValue))
        {
            return FreeValues.Read(node);
        }

        if (Scalars.Knows(type))
        {
            return node is TreeScalar scalar ? Scalar(type, scalar, path, at) : Wrong(path, at, $"{node.Noun} stands where {Scalars.Noun(type)} is expected", $"write {Scalars.Example(type)}");
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return Dictionary(type.GetGenericArguments()[1], node, path, at, namesAlone);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return List(type.GetGenericArguments()[0], node, path, at);
        }

        return RecordOrPlainValue(type, node, path, at);
    }

    object? Scalar(Type type, TreeScalar scalar, string path, Place at)
    {
        if (!scalar.IsNull)
        {
            var (value, wrong) = Scalars.Read(type, scalar);
            return wrong is null ? value : Wrong(path, at, wrong.What, wrong.Remedy);
        }

        return Wrong(path, at, "there is no value", type == typeof(string) ? "write \"\" if the empty text is meant, or remove the key" : $"write {Scalars.Example(type)}");
    }

    object? RecordOrPlainValue(Type type, TreeNode node, string path, Place at)
    {
        var shape = RecordShape.Of(type);
        switch (node)
        {
            case TreeMap map:
                return Record(type, map, path, at, isOurs: _ => true);
            case TreeScalar { IsNull: true }:
                return Record(type, new TreeMap(node.Place, []), path, at, isOurs: _ => true);
            case TreeScalar when shape.PlainValue is { } key:
                return Record(type, new TreeMap(node.Place, [new(node.Place, key.Name, node)]), path, at, isOurs: _ => true);
            default:
                var plain = shape.PlainValue is { } one ? $"write its {one.Name} alone, or keys" : "write keys";
                return Wrong(path, at, $"{node.Noun} stands where a map is expected", $"{plain} below, indented; known: {string.Join(", ", shape.Keys.Select(k => k.Name))}");
        }
    }

    object Record(Type type, TreeMap map, string path, Place at, Func<string, bool> isOurs)
    {
        var shape = RecordShape.Of(type);
        var record = Activator.CreateInstance(type)!;
        foreach (var entry in map.Entries)
        {
            if (shape.Find(entry.Key) is not { } key)
            {
                Unknown(entry, shape, path, isOurs);
            }
            else if ((entry.Value is not TreeScalar { IsNull: true } || key.Property.PropertyType == typeof(FreeValue))
                && Value(key.Property.PropertyType, entry.Value, Join(path, key.Name), entry.Place, key.NamesAlone) is { } value)
            {
                key.Property.SetValue(record, value);
            }
        }

        foreach (var key in shape.Keys.Where(k => k.Required))
        {
            if (map.Find(key.Name) is null or { Value: TreeScalar { IsNull: true } })
            {
                Wrong(Join(path, key.Name), at, $"'{key.Name}' is missing", $"add '{key.Name}: {ExampleOf(key.Property.PropertyType)}'");
            }

            // Whatever is wrong with it has been said; the rules that follow want something to look at.
            if (key.Property.GetValue(record) is null)
            {
                key.Property.SetValue(record, Nothing(key.Property.PropertyType));
            }
        }

        return record;
    }

    void Unknown(TreeEntry entry, RecordShape shape, string path, Func<string, bool> isOurs)
    {
        if (!isOurs(entry.Key))
        {
            return;
        }

        var known = shape.Keys.Select(k => k.Name).ToArray();
        var nearest = problems.Count < ManifestReader.MostFound ? Nearest.To(entry.Key, known) : null;
        Wrong(
            Join(path, entry.Key),
            entry.KeyPlace,
            $"'{Words.Shown(entry.Key)}' is not a key here",
            nearest is null ? $"known: {string.Join(", ", known)}" : $"did you mean '{nearest}'?");
    }

    object? Dictionary(Type valueType, TreeNode node, string path, Place at, bool namesAlone)
    {
        var values = Collections.Map(valueType);
        if (namesAlone && node is TreeList names)
        {
            foreach (var item in names.Items)
            {
                if (item is not TreeScalar { IsNull: false } name)
                {
                    Wrong(path, item.Place, $"{item.Noun} stands where a name is expected", "write names alone, or a map from names to their details");
                }
                else if (values.Contains(name.Text))
                {
                    Wrong(Join(path, name.Text), item.Place, $"'{Words.Shown(name.Text)}' stands twice in the list", "remove one of them");
                }
                else
                {
                    values[name.Text] = Activator.CreateInstance(valueType);
                }
            }

            return values;
        }

        if (node is not TreeMap map)
        {
            return Wrong(path, at, $"{node.Noun} stands where a map is expected", namesAlone ? "write a list of names, or a map from names to their details" : "write 'name: value' lines below, indented");
        }

        foreach (var entry in map.Entries)
        {
            values[entry.Key] = Value(valueType, entry.Value, Join(path, entry.Key), entry.Place) ?? Nothing(valueType);
        }

        return values;
    }

    object? List(Type itemType, TreeNode node, string path, Place at)
    {
        if (node is not TreeList list)
        {
            return Wrong(path, at, $"{node.Noun} stands where a list is expected", node is TreeScalar scalar ? $"write [{Words.Shown(scalar.Text)}]" : "write '- ' before each item");
        }

        var values = new List<object>();
        foreach (var (number, item) in list.Items.Index())
        {
            // Single values are named by their text, records by their number.
            var place = Scalars.Knows(itemType) ? path : Join(path, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (Value(itemType, item, place, item.Place) is { } value)
            {
                values.Add(value);
            }
        }

        var items = Collections.Array(itemType, values.Count);
        ((IList)values).CopyTo(items, 0);
        return items;
    }

    object? Wrong(string path, Place at, string what, string remedy)
    {
        problems.Add(new(at, new Problem(path, what, remedy)));
        return null;
    }

    static string ExampleOf(Type type) => type == typeof(string) ? "<text>" : Scalars.Knows(type) ? $"<{Scalars.Noun(type)}>" : "…";

    static object Nothing(Type type) =>
        type == typeof(string) ? ""
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)
            ? Collections.Map(type.GetGenericArguments()[1])
        : WithoutNulls(Activator.CreateInstance(type)!);

    static object WithoutNulls(object record)
    {
        foreach (var key in RecordShape.Of(record.GetType()).Keys.Where(k => k.Required && k.Property.GetValue(record) is null))
        {
            key.Property.SetValue(record, Nothing(key.Property.PropertyType));
        }

        return record;
    }

    static string Join(string path, string key) => path.Length == 0 ? key : path + "." + key;
}
