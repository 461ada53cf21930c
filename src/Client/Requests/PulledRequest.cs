using System.Text;
using System.Text.Json;

namespace Mainstay.Client.Requests;

/// <summary>An accepted request that a worker has pulled.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Attempt">Which attempt this is, from 1.</param>
/// <param name="At">When it was accepted.</param>
/// <param name="Method">Its method.</param>
/// <param name="Target">Its path and query, as they came.</param>
/// <param name="Key">The client's Idempotency-Key, or its id: the same at each attempt.</param>
/// <param name="Headers">In their order.</param>
/// <param name="Body">Its body.</param>
public sealed record PulledRequest(string Id, int Attempt, DateTimeOffset At, string Method, string Target, string Key, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>The first value of a header; null where it is not there.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The body as UTF-8.</summary>
    public string Text() => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The body as JSON.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public T? Json<T>(JsonSerializerOptions? options = null) => JsonSerializer.Deserialize<T>(Body.Span, options ?? JsonSerializerOptions.Web);

    internal static PulledRequest Read(JsonElement one) => new(
        one.GetProperty("id").GetString()!,
        one.GetProperty("attempt").GetInt32(),
        one.GetProperty("at").GetDateTimeOffset(),
        one.GetProperty("method").GetString()!,
        one.GetProperty("target").GetString()!,
        one.GetProperty("key").GetString()!,
        [.. one.GetProperty("headers").EnumerateArray().Select(h => KeyValuePair.Create(h.GetProperty("name").GetString()!, h.GetProperty("value").GetString()!))],
        one.TryGetProperty("bodyBase64", out var bytes) && bytes.ValueKind == JsonValueKind.String ? bytes.GetBytesFromBase64()
            : one.TryGetProperty("body", out var text) && text.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(text.GetString()!) : ReadOnlyMemory<byte>.Empty);
}

/// <summary>What a worker answers to a pulled request; its client gets it from the gateway.</summary>
/// <param name="Status">200 to 599.</param>
public sealed record RequestAnswer(int Status = 200)
{
    /// <summary>Of the body.</summary>
    public string? ContentType { get; init; }

    /// <summary>Further header lines.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>What is larger than the route's <c>maxAnswer</c> is not kept; then only the status is.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>An answer in JSON.</summary>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public static RequestAnswer Json<T>(T value, int status = 200, JsonSerializerOptions? options = null) =>
        new(status) { ContentType = "application/json", Body = JsonSerializer.SerializeToUtf8Bytes(value, options ?? JsonSerializerOptions.Web) };
}
