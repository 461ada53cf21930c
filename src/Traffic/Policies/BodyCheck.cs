using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Mainstay.Core.Validation;

namespace Mainstay.Traffic.Policies;

/// <summary>Judges a body's content: whether it is JSON at all, read strictly, and whether it fits a schema.</summary>
internal static class BodyCheck
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = JsonSchema.MostDepth, AllowDuplicateProperties = false };

    /// <summary>What is wrong with it; empty where it fits. A malformed body has one error, without a schema's word.</summary>
    /// <param name="content">The content.</param>
    /// <param name="schema">What it must fit.</param>
    /// <param name="most">Errors at most.</param>
    /// <param name="isJson">False where it is malformed.</param>
    public static IReadOnlyList<SchemaError> Check(ReadOnlyMemory<byte> content, JsonSchema schema, int most, out bool isJson)
    {
        isJson = false;
        if (content.IsEmpty) return [new("", "is empty, and must be JSON")];
        if (!Utf8.IsValid(content.Span)) return [new("", "is not UTF-8")];
        try
        {
            using var document = JsonDocument.Parse(content, Strict);
            var errors = schema.Check(document.RootElement, most);
            isJson = true;
            return errors;
        }
        catch (JsonException e)
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
            return [new("", e.LineNumber is null ? WithoutPlace(content) : $"is not JSON that can be read: {where}")];
        }
        catch (InvalidOperationException)
        {
            return [new("", "has a text that is no Unicode: half of a surrogate pair")];
        }
    }

    /// <summary>The reader does not tell where a name stands twice.</summary>
    private static string WithoutPlace(ReadOnlyMemory<byte> content)
    {
        try
        {
            JsonDocument.Parse(content, Strict with { AllowDuplicateProperties = true }).Dispose();
            return "has a map with the same name twice";
        }
        catch (JsonException)
        {
            return "is not JSON that can be read";
        }
    }
}
