using System.Net;
using System.Net.Http.Headers;
using Mainstay.Core.Servers;

namespace Mainstay.Traffic.Drivers;

/// <summary>Fetches a JWKS over HTTP: bounded in time and size, by ETag, without redirects that leave https. Every failure is a value.</summary>
internal sealed class JwksFetcher(Uri url)
{
    /// <summary>The largest answer, in bytes.</summary>
    public const int Most = 512 * 1024;

    /// <summary>Everything from connecting to the last byte.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // One for all: what it holds are idle connections, which it ends by itself.
    private static readonly HttpClient Client = new(new ConnectFaults(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MaxResponseHeadersLength = 32,
        AutomaticDecompression = DecompressionMethods.GZip,
    }))
    {
        Timeout = Limit,
        MaxResponseContentBufferSize = Most,
    };

    private EntityTagHeaderValue? tag;

    /// <summary>The content; null and no problem where it has not changed since it was last taken.</summary>
    public async Task<(byte[]? Content, string? Problem)> FetchAsync()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.ParseAdd("application/jwk-set+json, application/json");
            if (tag is not null) request.Headers.IfNoneMatch.Add(tag);
            using var response = await Client.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.NotModified && tag is not null) return (null, null);
            if (response.StatusCode != HttpStatusCode.OK) return (null, $"{url} answered {(int)response.StatusCode}");
            var content = await response.Content.ReadAsByteArrayAsync();
            tag = response.Headers.ETag;
            return (content, null);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return (null, error is OperationCanceledException ? $"{url} did not answer within {Limit.TotalSeconds:0} s" : $"{url} cannot be fetched: {error.Message}");
        }
    }

    /// <summary>The content was of no use: the next answer is to be whole.</summary>
    public void Forget() => tag = null;
}
