using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Core.Validation;

/// <summary>
/// A JSON Schema (draft 2020-12), compiled: says of any JSON value what in it does not fit. What of the draft is not understood is refused when
/// the schema is read, so that no value is ever let pass by a keyword that was skipped.
/// </summary>
/// <remarks>
/// Not understood: <c>$dynamicRef</c>, <c>$dynamicAnchor</c>, <c>$vocabulary</c>, <c>unevaluatedItems</c>, <c>unevaluatedProperties</c>, and references
/// to other documents. Regular expressions have no look-around and no backreferences: their time grows with the text alone.
/// </remarks>
public sealed class JsonSchema
{
    /// <summary>Schemas within one schema.</summary>
    public const int MostSchemas = 2000;

    /// <summary>How deeply schemas and values may be nested.</summary>
    public const int MostDepth = 64;

    /// <summary>Steps of one check; one that would need more fails.</summary>
    public const int MostSteps = 1_000_000;

    readonly SchemaNode root;

    JsonSchema(SchemaNode root, int count)
    {
        this.root = root;
        Count = count;
    }

    /// <summary>How many schemas it consists of.</summary>
    public int Count { get; }

    /// <summary>Reads a schema; null with everything that is wrong with it, each at its JSON Pointer.</summary>
    /// <param name="source">A map, true or false.</param>
    /// <param name="formats">Whether <c>format</c> is checked; else it is only a note.</param>
    public static (JsonSchema? Schema, IReadOnlyList<Problem> Problems) Read(JsonElement source, bool formats)
    {
        var reader = new SchemaReader(formats);
        var root = reader.ReadAll(source);
        return reader.Problems.Count > 0 ? (null, reader.Problems) : (new(root, reader.Count), []);
    }

    /// <summary>What does not fit, at most <paramref name="most"/> of it; empty where all fits.</summary>
    /// <exception cref="InvalidOperationException">A text of the value is no Unicode (half of a surrogate pair).</exception>
    public IReadOnlyList<SchemaError> Check(JsonElement value, int most)
    {
        var check = new SchemaCheck(most);
        check.Run(root, value);
        return check.Finish();
    }
}

/// <summary>One thing of a value that does not fit.</summary>
/// <param name="Pointer">Where in the value (RFC 6901); empty for all of it.</param>
/// <param name="Message">What does not fit, for people: <c>must be at least 1</c>.</param>
public sealed record SchemaError(string Pointer, string Message);
