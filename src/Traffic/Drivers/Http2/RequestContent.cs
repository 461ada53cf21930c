using System.Buffers;
using System.Net;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>A request's body that is given piece by piece while the response may already arrive.</summary>
internal sealed class RequestContent(long length) : HttpContent
{
    private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChunkReader chunks;
    private long left = length;

    /// <summary>Sends what the bytes hold of the body, as far as the endpoint's flow control goes. False when the endpoint wants no more.</summary>
    public async ValueTask<bool> GiveAsync(ReadOnlyMemory<byte> bytes, bool chunked, CancellationToken stop)
    {
        var stream = await opened.Task.WaitAsync(stop);
        if (!bytes.IsEmpty)
        {
            if (chunked)
            {
                var data = new ArrayBufferWriter<byte>(bytes.Length);
                chunks.Take(bytes.Span, data);
                bytes = data.WrittenMemory;
            }
            else
            {
                left -= bytes.Length;
            }
            if (!bytes.IsEmpty)
            {
                await stream.WriteAsync(bytes, stop);
                await stream.FlushAsync(stop);
            }
        }
        if (chunked ? chunks.IsDone : left <= 0) End();
        return !done.Task.IsFaulted;
    }

    /// <summary>The body is complete.</summary>
    public void End() => done.TrySetResult();

    /// <summary>The body is cut short.</summary>
    public void Fail()
    {
        opened.TrySetCanceled();
        done.TrySetException(new IOException("The request was given up."));
        // Where nobody sends it, nobody looks at how it ended.
        _ = done.Task.Exception;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        try
        {
            // The runtime's client keeps the request's head until something is flushed; a body that is silent at first would keep it for good.
            await stream.FlushAsync();
        }
        catch (Exception)
        {
            // The endpoint has answered by now and wants no body: who would give it does not wait for the stream.
            opened.TrySetCanceled();
            throw;
        }
        opened.TrySetResult(stream);
        await done.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = left;
        return left >= 0;
    }
}
