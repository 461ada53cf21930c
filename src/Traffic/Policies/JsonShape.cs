using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>A JSON value whose texts hold references.</summary>
internal sealed class JsonShape
{
    private readonly JsonElement constant;
    private JsonText? text;
    private (string Name, JsonShape Value)[]? members;
    private JsonShape[]? items;

    private JsonShape(JsonElement value) => constant = value;

    public IEnumerable<JsonReference> References =>
        (text?.References ?? []).Concat((members ?? []).SelectMany(member => member.Value.References)).Concat((items ?? []).SelectMany(item => item.References));

    /// <summary>As deep as manifests are.</summary>
    public static JsonShape Of(JsonElement value)
    {
        var shape = new JsonShape(value);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                shape.members = [.. value.EnumerateObject().Select(member => (member.Name, Of(member.Value)))];
                break;
            case JsonValueKind.Array:
                shape.items = [.. value.EnumerateArray().Select(Of)];
                break;
            case JsonValueKind.String when FreeValue.TextOf(value) is { } content:
                shape.text = JsonText.Read(content).Text;
                break;
        }
        return shape;
    }

    /// <summary>Writes it with what its references stand for. False when it grew larger than the output may be.</summary>
    public bool Write(JsonOutput output, ComposeFacts facts)
    {
        if (members is not null)
        {
            output.Writer.WriteStartObject();
            foreach (var (name, value) in members)
            {
                if (!output.HasRoomFor(name.Length)) return false;
                output.Writer.WritePropertyName(name);
                if (!value.Write(output, facts)) return false;
            }
            output.Writer.WriteEndObject();
            return output.HasRoomFor(0);
        }
        if (items is not null)
        {
            output.Writer.WriteStartArray();
            foreach (var item in items)
            {
                if (!item.Write(output, facts)) return false;
            }
            output.Writer.WriteEndArray();
            return output.HasRoomFor(0);
        }
        if (text is null) return output.Add(constant);
        if (text.Alone is { } reference) return output.Add(facts.Find(reference));
        return facts.Expand(text, output.Left) is { } expanded && output.Add(expanded);
    }
}
