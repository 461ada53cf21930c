using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mainstay.Traffic.Policies;

/// <summary>JSON as it is written, which never grows larger than it may.</summary>
/// <param name="most">Bytes.</param>
internal sealed class JsonOutput(int most) : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private Utf8JsonWriter? writer;

    public Utf8JsonWriter Writer => writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Bytes that may still be added.</summary>
    public int Left => (int)Math.Max(0, most - Writer.BytesCommitted - Writer.BytesPending);

    public bool HasRoomFor(int more) => Writer.BytesCommitted + Writer.BytesPending + more <= most;

    /// <summary>Adds a value as it is written; null for what is not there.</summary>
    public bool Add(JsonElement? value)
    {
        if (value is not { ValueKind: not JsonValueKind.Undefined } there)
        {
            Writer.WriteNullValue();
            return HasRoomFor(0);
        }
        var raw = JsonMarshal.GetRawUtf8Value(there);
        if (!HasRoomFor(raw.Length)) return false;
        // It was checked when it was parsed.
        Writer.WriteRawValue(raw, skipInputValidation: true);
        return HasRoomFor(0);
    }

    public bool Add(string text)
    {
        if (!HasRoomFor(text.Length)) return false;
        Writer.WriteStringValue(text);
        return HasRoomFor(0);
    }

    /// <summary>All of it, once it is complete.</summary>
    public byte[] ToArray()
    {
        Writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public void Dispose() => writer?.Dispose();
}
