using System.Buffers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>Reads values of which nothing but JSON is asked: without quotes, what JSON takes for a number, true, false or null is that.</summary>
static partial class FreeValues
{
    public static FreeValue Read(TreeNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, node);
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return new(JsonElement.ParseValue(ref reader));
    }

    // As deep as manifests are.
    static void Write(Utf8JsonWriter writer, TreeNode node)
    {
        switch (node)
        {
            case TreeMap map:
                writer.WriteStartObject();
                foreach (var entry in map.Entries)
                {
                    writer.WritePropertyName(entry.Key);
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
            case TreeList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case TreeScalar { IsNull: true }:
                writer.WriteNullValue();
                break;
            case TreeScalar { Plain: true, Text: "true" or "false" } word:
                writer.WriteBooleanValue(word.Text == "true");
                break;
            case TreeScalar { Plain: true } number when Number().IsMatch(number.Text):
                writer.WriteRawValue(number.Text);
                break;
            case TreeScalar text:
                writer.WriteStringValue(text.Text);
                break;
        }
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
