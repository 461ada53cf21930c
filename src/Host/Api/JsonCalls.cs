using System.Net.Http.Headers;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Api;

/// <summary>Calls between roles, in the codec's notation.</summary>
public static class JsonCalls
{
    /// <summary>What is at that path; throws as <see cref="HttpClient"/> does, and <see cref="System.Text.Json.JsonException"/> for what is no such value.</summary>
    public static async Task<T> GetJsonAsync<T>(this HttpClient client, string path, CancellationToken stop) => Codec.Decode<T>(await client.GetByteArrayAsync(new Uri(path, UriKind.Relative), stop));

    /// <summary>Sends a value to that path.</summary>
    public static async Task<HttpResponseMessage> PostJsonAsync<T>(this HttpClient client, string path, T value, CancellationToken stop)
        where T : class
    {
        using var content = new ByteArrayContent(Codec.Encode(value));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await client.PostAsync(new Uri(path, UriKind.Relative), content, stop);
    }

    /// <summary>The answer's body.</summary>
    public static async Task<T> ReadAsync<T>(this HttpResponseMessage answer, CancellationToken stop) => Codec.Decode<T>(await answer.Content.ReadAsByteArrayAsync(stop));

    /// <summary>A request's body.</summary>
    public static async Task<T> ReadAsync<T>(Stream body, CancellationToken stop)
    {
        using var whole = new MemoryStream();
        await body.CopyToAsync(whole, stop);
        return Codec.Decode<T>(whole.GetBuffer().AsSpan(0, (int)whole.Length));
    }
}
