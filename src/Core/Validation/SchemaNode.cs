using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Validation;

/// <summary>A compiled schema; what is not declared is null.</summary>
sealed class SchemaNode
{
    /// <summary>A schema that is only true or false.</summary>
    public bool? Always { get; set; }

    public SchemaNode? Reference { get; set; }

    public SchemaTypes? Types { get; set; }

    public JsonElement[]? Values { get; set; }

    public JsonElement? Const { get; set; }

    public SchemaNumbers? Numbers { get; set; }

    public SchemaTexts? Texts { get; set; }

    public SchemaLists? Lists { get; set; }

    public SchemaMaps? Maps { get; set; }

    public SchemaNode[]? AllOf { get; set; }

    public SchemaNode[]? AnyOf { get; set; }

    public SchemaNode[]? OneOf { get; set; }

    public SchemaNode? Not { get; set; }

    public SchemaNode? If { get; set; }

    public SchemaNode? Then { get; set; }

    public SchemaNode? Else { get; set; }

    /// <summary>Every schema that looks at the same value.</summary>
    public IEnumerable<SchemaNode> InPlace =>
        new[] { Reference, Not, If, Then, Else }.OfType<SchemaNode>()
            .Concat(AllOf ?? []).Concat(AnyOf ?? []).Concat(OneOf ?? []).Concat(Maps?.DependentSchemas?.Values ?? Enumerable.Empty<SchemaNode>());
}

/// <summary>The types of JSON Schema; integer is a part of number.</summary>
[Flags]
enum SchemaTypes
{
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8,
    String = 16,
    Array = 32,
    Object = 64,
}

/// <summary>What a number must be like.</summary>
sealed class SchemaNumbers
{
    public JsonElement? Minimum { get; set; }

    public JsonElement? Maximum { get; set; }

    public JsonElement? Above { get; set; }

    public JsonElement? Below { get; set; }

    public JsonElement? MultipleOf { get; set; }
}

/// <summary>What a text must be like.</summary>
sealed class SchemaTexts
{
    public int Least { get; set; }

    public int Most { get; set; } = int.MaxValue;

    public Regex? Pattern { get; set; }

    public string PatternText { get; set; } = "";

    public string? Format { get; set; }
}

/// <summary>What a list must be like.</summary>
sealed class SchemaLists
{
    public int Least { get; set; }

    public int Most { get; set; } = int.MaxValue;

    public bool Unique { get; set; }

    public SchemaNode[] Prefix { get; set; } = [];

    public SchemaNode? Items { get; set; }

    public SchemaNode? Contains { get; set; }

    public int LeastContained { get; set; } = 1;

    public int MostContained { get; set; } = int.MaxValue;
}

/// <summary>What a map must be like.</summary>
sealed class SchemaMaps
{
    public int Least { get; set; }

    public int Most { get; set; } = int.MaxValue;

    public string[] Required { get; set; } = [];

    public Dictionary<string, SchemaNode> Properties { get; set; } = [];

    public (Regex Pattern, SchemaNode Schema)[] Patterns { get; set; } = [];

    public SchemaNode? Additional { get; set; }

    public SchemaNode? Names { get; set; }

    public Dictionary<string, string[]>? DependentRequired { get; set; }

    public Dictionary<string, SchemaNode>? DependentSchemas { get; set; }

    public bool AsksForNames => Required.Length > 0 || DependentRequired is not null || DependentSchemas is not null;
}
