using System.Net.Http.Headers;
using System.Text;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Brings the server what the gateway saw: <c>POST /internal/v1/records</c> with one <see cref="RecordBatch"/> each second, and one at once
/// when a table has become live. While the server is away the last 60 batches wait for it; older ones are dropped and counted.
/// </summary>
internal sealed class RecordFeed(HttpClient server, TimeProvider time) : IDisposable
{
    /// <summary>Batches kept while the server is away.</summary>
    public const int Kept = 60;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(1.5);
    private readonly Queue<RecordBatch> waiting = new();
    private readonly SemaphoreSlim urgent = new(0, 1);

    /// <summary>Whether another server may be asked where one does not answer: then it is not waited for.</summary>
    public bool HasOthers { get; init; }

    /// <summary>Batches dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Has a batch sent at once.</summary>
    public void Hurry()
    {
        try
        {
            urgent.Release();
        }
        catch (SemaphoreFullException)
        {
            // One is on its way already.
        }
    }

    /// <summary>Runs until stopped. <paramref name="take"/> gets the batches dropped so far.</summary>
    public async Task RunAsync(Func<long, RecordBatch> take, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await PauseAsync(stop);
                Add(take(Dropped));
                await SendAllAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped as asked.
        }
    }

    /// <summary>Brings the server an answer, once: who asked does not wait for long.</summary>
    public async Task AnswerAsync(QuestionAnswer answer)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(answer.ToJson()));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await server.PostAsync("internal/v1/answers", content, patience.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // The asker is told that nobody answered.
        }
    }

    /// <summary>Sends a last batch, once and with little patience.</summary>
    public async Task FinishAsync(RecordBatch last)
    {
        using var patience = new CancellationTokenSource(Interval, time);
        Add(last);
        try
        {
            await SendAllAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Dropped += waiting.Count;
        }
    }

    public void Dispose() => urgent.Dispose();

    private void Add(RecordBatch batch)
    {
        waiting.Enqueue(batch);
        while (waiting.Count > Kept)
        {
            waiting.Dequeue();
            Dropped++;
        }
    }

    private async Task PauseAsync(CancellationToken stop)
    {
        using var second = new CancellationTokenSource(Interval, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, second.Token);
        try
        {
            await urgent.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The second is over.
        }
    }

    private async Task SendAllAsync(CancellationToken stop)
    {
        while (waiting.TryPeek(out var batch))
        {
            if (!await TrySendAsync(batch, stop)) return;
            waiting.Dequeue();
        }
    }

    private async Task<bool> TrySendAsync(RecordBatch batch, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(HasOthers ? ShortPatience : Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(batch.ToJson()));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await server.PostAsync("internal/v1/records", content, either.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }
}
