using System.Text.Json;

namespace Mainstay.Core.Validation;

/// <summary>One check of one value. Bounded in steps and depth, whatever schema and value are.</summary>
sealed class SchemaCheck(int most)
{
    const int MostNested = 400;
    readonly SchemaPath path = new();
    readonly List<SchemaError> errors = [];
    int steps;
    int nested;
    int quiet;

    // Once there are as many errors as are told, or too much was done, the rest is of no interest.
    // Where it is asked quietly, one misfit says all.
    bool IsDone(bool fits) => steps > JsonSchema.MostSteps || (quiet == 0 ? errors.Count >= most : !fits);

    /// <summary>True where all fits. Where it is asked quietly, the first misfit ends it.</summary>
    public bool Run(SchemaNode node, JsonElement value)
    {
        if (!Step() || ++nested > MostNested)
        {
            nested = Math.Max(0, nested - 1);
            return Misfit("takes too much work to check");
        }

        var fits = node.Always switch
        {
            true => true,
            false => Misfit("must not be here"),
            null => Own(node, value),
        };
        if (node.Always is null && !IsDone(fits))
        {
            fits &= Combined(node, value);
        }

        nested--;
        return fits;
    }

    /// <summary>What was too much to check does not fit, whatever was found so far.</summary>
    public IReadOnlyList<SchemaError> Finish()
    {
        _ = errors.Count > 0 || IsSpent();
        return errors;
    }

    bool Own(SchemaNode node, JsonElement value)
    {
        var fits = node.Reference is not { } reference || Run(reference, value);
        if (node.Types is { } types && (types & SchemaValues.TypesOf(value)) == 0)
        {
            // What is of the wrong type has no use for the other keywords of types.
            fits = Misfit($"must be {SchemaValues.Words(types)}");
        }
        else
        {
            fits &= node.Values is not { } values || values.Any(one => Step() && JsonElement.DeepEquals(one, value)) || Misfit(SchemaValues.Words(values));
            fits &= node.Const is not { } only || JsonElement.DeepEquals(only, value) || Misfit(SchemaValues.Words(only));
            fits &= value.ValueKind switch
            {
                JsonValueKind.Number when node.Numbers is { } numbers => Fits(SchemaValues.Misfit(numbers, value)),
                JsonValueKind.String when node.Texts is { } texts => Fits(SchemaValues.Misfit(texts, value.GetString()!)),
                JsonValueKind.Array when node.Lists is { } lists => ListFits(lists, value),
                JsonValueKind.Object when node.Maps is { } maps => MapFits(maps, value),
                _ => true,
            };
        }

        return fits;
    }

    bool Combined(SchemaNode node, JsonElement value)
    {
        var fits = true;
        foreach (var one in node.AllOf ?? [])
        {
            fits &= Run(one, value);
        }

        if (node.AnyOf is { } any && !any.Any(one => Quietly(one, value)))
        {
            fits = Misfit($"fits none of the {any.Length} in anyOf");
        }

        if (node.OneOf is { } each && each.Count(one => Quietly(one, value)) is not 1 and var count)
        {
            fits = Misfit(count == 0 ? $"fits none of the {each.Length} in oneOf" : $"fits {count} of the {each.Length} in oneOf, and only one is allowed");
        }

        if (node.Not is { } not && Quietly(not, value))
        {
            fits = Misfit("fits what it must not be (not)");
        }

        if (node.If is { } condition && (node.Then ?? node.Else) is not null)
        {
            fits &= (Quietly(condition, value) ? node.Then : node.Else) is not { } then || Run(then, value);
        }

        return fits;
    }

    bool ListFits(SchemaLists lists, JsonElement value)
    {
        var length = value.GetArrayLength();
        var fits = (length >= lists.Least || Misfit($"must have at least {lists.Least} items")) & (length <= lists.Most || Misfit($"must have at most {lists.Most} items"));
        var (index, contained) = (0, 0);
        foreach (var item in value.EnumerateArray())
        {
            if (IsDone(fits))
            {
                break;
            }

            if ((index < lists.Prefix.Length ? lists.Prefix[index] : lists.Items) is { } schema)
            {
                path.Push(index);
                fits &= Run(schema, item);
                path.Pop();
            }

            contained += lists.Contains is { } wanted && Quietly(wanted, item) ? 1 : 0;
            index++;
        }

        if (lists.Contains is not null && (contained < lists.LeastContained || contained > lists.MostContained))
        {
            fits = Misfit(contained < lists.LeastContained ? $"must contain at least {lists.LeastContained} of what 'contains' asks for, and has {contained}" : $"must contain at most {lists.MostContained} of what 'contains' asks for");
        }

        return fits & (!lists.Unique || IsUnique(value) || Misfit("must not have the same item twice"));
    }

    bool IsUnique(JsonElement list)
    {
        var seen = new Dictionary<int, List<JsonElement>>();
        foreach (var item in list.EnumerateArray())
        {
            var hash = SchemaValues.HashOf(item);
            if (!seen.TryGetValue(hash, out var same))
            {
                seen[hash] = same = [];
            }

            foreach (var other in same)
            {
                if (!Step() || JsonElement.DeepEquals(other, item))
                {
                    return false;
                }
            }

            same.Add(item);
        }

        return true;
    }

    bool MapFits(SchemaMaps maps, JsonElement value)
    {
        var fits = true;
        var count = 0;
        var names = maps.AsksForNames ? new HashSet<string>(StringComparer.Ordinal) : null;
        foreach (var member in value.EnumerateObject())
        {
            if (IsDone(fits))
            {
                break;
            }

            count++;
            names?.Add(member.Name);
            path.Push(member.Name);
            fits &= MemberFits(maps, member);
            path.Pop();
        }

        fits &= (count >= maps.Least || Misfit($"must have at least {maps.Least} members")) & (count <= maps.Most || Misfit($"must have at most {maps.Most} members"));
        foreach (var name in maps.Required)
        {
            fits &= names!.Contains(name) || Misfit($"must have '{name}'");
        }

        foreach (var (name, others) in maps.DependentRequired ?? [])
        {
            if (names!.Contains(name))
            {
                fits &= others.All(other => names.Contains(other) || Misfit($"must have '{other}' where it has '{name}'"));
            }
        }

        foreach (var (name, schema) in maps.DependentSchemas ?? [])
        {
            fits &= !names!.Contains(name) || Run(schema, value);
        }

        return fits;
    }

    bool MemberFits(SchemaMaps maps, JsonProperty member)
    {
        var (fits, isKnown) = (true, false);
        if (maps.Names is { } nameSchema && !Quietly(nameSchema, SchemaValues.Text(member.Name)))
        {
            fits = Misfit("has a name that propertyNames does not allow");
        }

        if (maps.Properties.TryGetValue(member.Name, out var schema))
        {
            isKnown = true;
            fits &= Run(schema, member.Value);
        }

        foreach (var (pattern, of) in maps.Patterns)
        {
            if (Step() && pattern.IsMatch(member.Name))
            {
                isKnown = true;
                fits &= Run(of, member.Value);
            }
        }

        return fits & (isKnown || maps.Additional is not { } additional || (additional.Always == false ? Misfit("is not known here") : Run(additional, member.Value)));
    }

    bool Quietly(SchemaNode node, JsonElement value)
    {
        quiet++;
        var fits = Run(node, value);
        quiet--;
        // What could not be checked to its end fits nothing, and nothing may be concluded from that either.
        return fits && !IsSpent();
    }

    bool IsSpent() => steps > JsonSchema.MostSteps && Misfit("takes too much work to check");

    bool Step() => ++steps <= JsonSchema.MostSteps;

    bool Fits(string? misfit) => misfit is null || Misfit(misfit);

    bool Misfit(string message)
    {
        if (quiet == 0 && errors.Count < most)
        {
            errors.Add(new(path.ToString(), message));
        }

        return false;
    }
}
