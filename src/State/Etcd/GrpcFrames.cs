using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Mainstay.State.Etcd;

/// <summary>gRPC's framing: a byte that says whether it is compressed, the length, the message (PROTOCOL-HTTP2, Length-Prefixed-Message).</summary>
static class GrpcFrames
{
    /// <summary>Largest message that is taken, in bytes: pages of ranges are cut well below it.</summary>
    const int LargestMessage = 256 << 20;

    const int HeadBytes = 5;

    public static byte[] Frame(IMessage message)
    {
        var size = message.CalculateSize();
        var frame = new byte[HeadBytes + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), size);
        message.WriteTo(frame.AsSpan(HeadBytes));
        return frame;
    }

    /// <summary>The next message's bytes; null at the end of the stream.</summary>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, CancellationToken stop)
    {
        var head = new byte[HeadBytes];
        if (await stream.ReadAtLeastAsync(head, HeadBytes, throwOnEndOfStream: false, stop) < HeadBytes)
            return null;
        var size = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1));
        if (head[0] != 0 || size is < 0 or > LargestMessage)
            throw new EtcdFault(EtcdCode.Unavailable, "the answer is no gRPC message; is this etcd's client port?");
        var body = new byte[size];
        await stream.ReadExactlyAsync(body, stop);
        return body;
    }

    /// <summary>The status that ends a call; it comes after the body, or with the headers where there is none.</summary>
    public static EtcdFault? Status(HttpResponseMessage answer)
    {
        if (answer.StatusCode != HttpStatusCode.OK)
            return new EtcdFault(EtcdCode.Unavailable, $"HTTP {(int)answer.StatusCode}; is this etcd's client port?");
        var code = One(answer.TrailingHeaders, "grpc-status") ?? One(answer.Headers, "grpc-status");
        if (!int.TryParse(code, out var number))
            return new EtcdFault(EtcdCode.Unavailable, "the answer broke off");
        var text = One(answer.TrailingHeaders, "grpc-message") ?? One(answer.Headers, "grpc-message") ?? "no reason given";
        return number == 0 ? null : new EtcdFault((EtcdCode)number, Uri.UnescapeDataString(text));
    }

    static string? One(HttpHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}

/// <summary>A request's body that stays open after its first messages until it is ended, as a watch's does.</summary>
sealed class OpenBody(byte[] first, Task ended) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(first);
        await stream.FlushAsync();
        await ended;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
