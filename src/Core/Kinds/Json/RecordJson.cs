using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Json;

/// <summary>
/// Reads and writes Mainstay's own records by their fields, with the same notation as the serializer's own way. That one compiles code for each type of
/// value that a record holds, which is half of all that a role compiles before it serves; this needs none.
/// </summary>
sealed class RecordJsonFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => RecordPlan.Fits(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(RecordJson<>).MakeGenericType(typeToConvert))!;
}

/// <summary>One record; the code is shared by all of them.</summary>
sealed class RecordJson<T> : JsonConverter<T>
    where T : class
{
    readonly RecordPlan plan = RecordPlan.Of(typeof(T));

    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => (T?)plan.Read(ref reader, options);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => plan.Write(writer, value, options);
}
