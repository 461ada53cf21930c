using System.Text;
using System.Text.Json;

namespace Mainstay.Client.Streams;

/// <summary>An event to be appended to a stream: a CloudEvent.</summary>
public sealed record StreamEvent
{
    /// <summary>What happened, for example <c>order.made</c>. 1 to 1,000 characters.</summary>
    public required string Type { get; init; }

    /// <summary>With <see cref="Source"/> what it is known by within its stream: the same request sent again is stored once. 1 to 1,000 characters.</summary>
    public required string Id { get; init; }

    /// <summary>Who made it, as a URI reference. Default <c>/</c> and the service's name.</summary>
    public string Source { get; init; } = "/" + (Environment.GetEnvironmentVariable("MAINSTAY_SERVICE") ?? "");

    /// <summary>JSON.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>An event whose data is a value as JSON.</summary>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public static StreamEvent Of<T>(string type, string id, T data, JsonSerializerOptions? options = null) =>
        new() { Type = type, Id = id, Data = JsonSerializer.SerializeToUtf8Bytes(data, options ?? JsonSerializerOptions.Web) };

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("specversion", "1.0");
        writer.WriteString("id", Id);
        writer.WriteString("source", Source.Length == 0 ? "/" : Source);
        writer.WriteString("type", Type);
        writer.WriteString("datacontenttype", "application/json");
        writer.WritePropertyName("data");
        writer.WriteRawValue(Data.Span);
        writer.WriteEndObject();
    }
}

/// <summary>An event as it stands in its stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Version">Its place there; 1 is the first.</param>
/// <param name="Position">Its place among the events of all streams.</param>
/// <param name="At">When it was appended.</param>
/// <param name="Type">What happened.</param>
/// <param name="Id">As it was appended.</param>
/// <param name="Source">As it was appended.</param>
/// <param name="Data">Its data; JSON where it was appended as such.</param>
public sealed record RecordedEvent(string Stream, long Version, long Position, DateTimeOffset At, string Type, string Id, string Source, ReadOnlyMemory<byte> Data)
{
    /// <summary>The data as a value.</summary>
    /// <exception cref="JsonException">It is no such value.</exception>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public T? Read<T>(JsonSerializerOptions? options = null) => JsonSerializer.Deserialize<T>(Data.Span, options ?? JsonSerializerOptions.Web);

    internal static RecordedEvent Read(JsonElement one)
    {
        var told = one.GetProperty("event");
        return new(
            one.GetProperty("stream").GetString()!,
            one.GetProperty("version").GetInt64(),
            one.GetProperty("position").GetInt64(),
            one.GetProperty("at").GetDateTimeOffset(),
            told.GetProperty("type").GetString()!,
            told.GetProperty("id").ToString(),
            told.GetProperty("source").ToString(),
            told.TryGetProperty("data", out var data) ? Encoding.UTF8.GetBytes(data.GetRawText()) : told.TryGetProperty("data_base64", out var bytes) ? bytes.GetBytesFromBase64() : ReadOnlyMemory<byte>.Empty);
    }
}

/// <summary>What who appends takes the stream's version to be.</summary>
/// <param name="Text">As the API writes it.</param>
public readonly record struct ExpectedVersion(string Text)
{
    /// <summary>Whatever it is.</summary>
    public static ExpectedVersion Any => new("any");

    /// <summary>No event yet.</summary>
    public static ExpectedVersion None => new("none");

    /// <summary>This version, as it was read.</summary>
    public static ExpectedVersion Of(long version) => new(version.ToString(System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>What became of events.</summary>
/// <param name="First">The version of the first of them.</param>
/// <param name="Version">Of the stream.</param>
/// <param name="Position">Of the last of them among all events.</param>
/// <param name="Repeated">They had been appended before.</param>
public sealed record StreamAppended(long First, long Version, long Position, bool Repeated);

/// <summary>A page of events.</summary>
/// <param name="Events">In the order of the reading.</param>
/// <param name="Next">What to read after, or before, for the next page.</param>
/// <param name="IsEnd">There was nothing more.</param>
/// <param name="Last">The version of the stream, or the last position of all.</param>
public sealed record StreamPage(IReadOnlyList<RecordedEvent> Events, long Next, bool IsEnd, long Last);

/// <summary>The stream has another version than the expected one: somebody else was first.</summary>
/// <param name="actual">The version that it has.</param>
/// <param name="why">The server's words.</param>
public sealed class WrongVersionException(long actual, string why) : Exception(why)
{
    /// <summary>The version that the stream has.</summary>
    public long Actual => actual;
}
