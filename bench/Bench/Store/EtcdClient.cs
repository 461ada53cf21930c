using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Mainstay.Bench.Store;

/// <summary>
/// Puts to etcd's v3 API: unary gRPC over HTTP/2 with the message written by hand, on several connections, so that neither a JSON gateway nor one
/// connection is what gets measured.
/// </summary>
sealed class EtcdClient(Uri etcd, int connections) : IDisposable
{
    static readonly MediaTypeHeaderValue Grpc = new("application/grpc");

    readonly HttpMessageInvoker[] invokers = [.. Enumerable.Range(0, connections).Select(_ => new HttpMessageInvoker(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    }))];

    readonly Uri put = new(etcd, "/etcdserverpb.KV/Put");

    /// <summary>One durable put, on the connection that belongs to the writer.</summary>
    public async Task PutAsync(int writer, string key, byte[] value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, put)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(key, value)),
        };
        request.Content.Headers.ContentType = Grpc;
        request.Headers.TryAddWithoutValidation("te", "trailers");
        using var response = await invokers[writer % invokers.Length].SendAsync(request, CancellationToken.None);
        await response.Content.CopyToAsync(Stream.Null);
        if (!response.TrailingHeaders.TryGetValues("grpc-status", out var status) || status.First() != "0")
            throw new InvalidOperationException($"etcd refused a put: HTTP {(int)response.StatusCode} {response.TrailingHeaders}");
    }

    public void Dispose()
    {
        foreach (var invoker in invokers)
            invoker.Dispose();
    }

    // gRPC's length-prefixed message: a compression flag and a big-endian length; then PutRequest { bytes key = 1; bytes value = 2; }.
    static byte[] Frame(string key, byte[] value)
    {
        var keyBytes = Encoding.UTF8.GetByteCount(key);
        var frame = new byte[5 + Field(keyBytes) + Field(value.Length)];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        var at = Open(frame, 5, 1, keyBytes);
        Encoding.UTF8.GetBytes(key, frame.AsSpan(at));
        at = Open(frame, at + keyBytes, 2, value.Length);
        value.CopyTo(frame.AsSpan(at));
        return frame;
    }

    static int Field(int length) => 1 + (length < 128 ? 1 : 2) + length;

    static int Open(byte[] frame, int at, int number, int length)
    {
        frame[at++] = (byte)((number << 3) | 2);
        if (length >= 128)
            frame[at++] = (byte)((length & 0x7F) | 0x80);
        frame[at++] = (byte)(length < 128 ? length : length >> 7);
        return at;
    }
}
