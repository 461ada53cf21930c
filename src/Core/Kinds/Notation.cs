using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds;

/// <summary>A value with a notation of its own: one text in manifests and JSON alike, such as <c>20%</c>. Its <c>ToString</c> writes what <see cref="TryParse"/> reads.</summary>
public interface INotation<T>
    where T : struct, INotation<T>
{
    /// <summary>What it is, for messages: <c>a share</c>.</summary>
    static abstract string Noun { get; }

    /// <summary>One that would do, for remedies.</summary>
    static abstract string Example { get; }

    /// <summary>A regular expression of the common subset of .NET and JavaScript, for editors.</summary>
    static abstract string Pattern { get; }

    /// <summary>Reads the notation; false for anything else.</summary>
    static abstract bool TryParse(string? text, out T value);
}

/// <summary>What is known of a notation without its type at hand.</summary>
public sealed class Notation
{
    static readonly Dictionary<Type, Notation> Known = new()
    {
        [typeof(Share)] = Make<Share>(),
        [typeof(Rate)] = Make<Rate>(),
        [typeof(ByteSize)] = Make<ByteSize>(),
        [typeof(Cpus)] = Make<Cpus>(),
        [typeof(Traffic.HedgeAfter)] = Make<Traffic.HedgeAfter>(),
    };

    Notation(string noun, string example, string pattern, Func<string, object?> read) =>
        (Noun, Example, Pattern, Read) = (noun, example, pattern, read);

    public string Noun { get; }

    public string Example { get; }

    public string Pattern { get; }

    /// <summary>The value, or null where the text is no such thing.</summary>
    public Func<string, object?> Read { get; }

    /// <summary>All types with a notation of their own.</summary>
    public static IEnumerable<Type> Types => Known.Keys;

    /// <summary>Null for types without one.</summary>
    public static Notation? Of(Type type) => Known.GetValueOrDefault(type);

    static Notation Make<T>()
        where T : struct, INotation<T> => new(T.Noun, T.Example, T.Pattern, text => T.TryParse(text, out var value) ? value : null);
}

/// <summary>Writes a notation as JSON text.</summary>
public sealed class NotationJson<T> : JsonConverter<T>
    where T : struct, INotation<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && T.TryParse(reader.GetString(), out var value)
            ? value
            : throw new JsonException($"expected {T.Noun}, for example \"{T.Example}\"");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
