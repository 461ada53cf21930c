using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.State.Queues;

namespace Mainstay.State.Drivers;

/// <summary>Sends the messages of one queue to its service, some at a time. A message whose answer is not known is sent again: the receiver tells it by its id.</summary>
/// <param name="address">Where the queue's way through the mesh begins; null while there is none.</param>
public sealed class QueuePusher(string queue, QueuePush terms, IQueueEngine engine, Func<Uri?> address, HttpMessageInvoker client, TimeProvider time)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Sends until stopped.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, terms.Concurrency).Select(_ => OneByOneAsync(stop)));

    async Task OneByOneAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (address() is not { } to || await engine.PullAsync(queue, new(1, Patience, terms.Timeout + Patience), stop) is not { Status: QueueStatus.Done, Messages: { } messages })
                {
                    await Task.Delay(Pause, time, stop);
                    continue;
                }

                foreach (var message in messages)
                    await engine.SettleAsync(queue, [await SendAsync(to, message, stop)], CancellationToken.None);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    async Task<Settlement> SendAsync(Uri to, StoredMessage message, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(terms.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var request = Request(to, message);
            using var response = await client.SendAsync(request, either.Token);
            return PushDecide.Settle(message.Receipt, (int)response.StatusCode, response.Headers.TryGetValues("Retry-After", out var after) ? after.First() : null, "");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return PushDecide.Settle(message.Receipt, null, null, $"no answer within {terms.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
        catch (OperationCanceledException)
        {
            // The server stops: whether the receiver has it is not known, so it comes again.
            return new(message.Receipt, SettleAs.Retry, TimeSpan.Zero, "Mainstay was stopped meanwhile");
        }
        catch (HttpRequestException failed)
        {
            return PushDecide.Settle(message.Receipt, null, null, $"it could not be reached: {failed.Message}");
        }
    }

    // CloudEvents HTTP binding 3.1, binary content mode.
    HttpRequestMessage Request(Uri to, StoredMessage message)
    {
        var (attributes, contentType) = CloudEvents.Describe(message, queue);
        var content = new ReadOnlyMemoryContent(message.Body);
        if (contentType is not null && MediaTypeHeaderValue.TryParse(contentType, out var type))
            content.Headers.ContentType = type;
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(to, terms.Path)) { Content = content, Version = HttpVersion.Version11 };
        foreach (var (name, value) in attributes)
            request.Headers.TryAddWithoutValidation("ce-" + name, Uri.EscapeDataString(value).Replace("%2F", "/", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal));
        if (attributes.FirstOrDefault(a => a.Name == "traceparent").Value is { } trace)
            request.Headers.TryAddWithoutValidation("traceparent", trace);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", $"\"{queue}-{message.Id.ToString(CultureInfo.InvariantCulture)}\"");
        request.Headers.TryAddWithoutValidation("Mainstay-Queue", queue);
        request.Headers.TryAddWithoutValidation("Mainstay-Attempt", message.Attempts.ToString(CultureInfo.InvariantCulture));
        return request;
    }
}
