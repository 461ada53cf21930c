using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mainstay.Host.Api;

/// <summary>
/// A response that goes on: server-sent events or lines of JSON. It buffers no more than the connection does; a client that takes nothing
/// for <see cref="ApiLimits.Stall"/> is cut.
/// </summary>
public sealed class EventStream(HttpContext context, TimeProvider time, TimeSpan stall, StreamCounters counters, CancellationToken stop)
{
    public const string Events = "text/event-stream";

    public const string Lines = "application/x-ndjson";

    readonly PipeWriter writer = context.Response.BodyWriter;

    /// <summary>Sends the headers.</summary>
    public async Task StartAsync(string contentType)
    {
        var response = context.Response;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync(stop);
        await FlushAsync();
    }

    /// <summary>Adds one event; <paramref name="data"/> is one line. Nothing is sent before <see cref="FlushAsync"/>.</summary>
    public void Event(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, long? id = null)
    {
        if (id is { } revision)
        {
            writer.Write("id: "u8);
            revision.TryFormat(writer.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
            writer.Advance(written);
            writer.Write("\n"u8);
        }

        writer.Write("event: "u8);
        writer.Write(name);
        writer.Write("\ndata: "u8);
        writer.Write(data);
        writer.Write("\n\n"u8);
    }

    /// <summary>Adds one line; an empty one is a heartbeat.</summary>
    public void Line(ReadOnlySpan<byte> json)
    {
        writer.Write(json);
        writer.Write("\n"u8);
    }

    /// <summary>Waits until the connection has taken what was added. Throws <see cref="OperationCanceledException"/> when it is over.</summary>
    public async ValueTask FlushAsync()
    {
        var flush = writer.FlushAsync(stop);
        if (flush.IsCompletedSuccessfully)
        {
            End(flush.Result);
            return;
        }

        var task = flush.AsTask();
        try
        {
            End(await task.WaitAsync(stall, time, stop));
        }
        catch (TimeoutException)
        {
            counters.Stalled();
            context.Abort();
            throw new OperationCanceledException("the client takes nothing");
        }
    }

    static void End(FlushResult result)
    {
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("the client is gone");
        }
    }
}
