using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Sends samples to the server, a batch per <see cref="Add"/>, in order. What cannot be sent waits, at most <see cref="MostWaiting"/> batches: then the oldest is dropped and counted.
/// </summary>
/// <param name="send">Sends a batch, as JSON, and gives the answer. Throws for what is worth another try.</param>
public sealed class MetricShipper(Func<byte[], CancellationToken, Task<BatchResult>> send, TimeProvider time) : IMetricSink
{
    /// <summary>A minute of outage at a sample a second.</summary>
    public const int MostWaiting = 60;

    // Numbers of series that are gone are never reused; beyond so many everything is numbered anew.
    const int MostNumbers = 20_000;

    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    readonly Channel<Waiting> waiting = Channel.CreateUnbounded<Waiting>();
    readonly HashSet<int> told = [];
    Numbering numbering = new(time.GetUtcNow().ToUnixTimeMilliseconds());
    long dropped;

    /// <summary>Called with why sending failed, once per outage.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Batches that were dropped.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    public void Add(ReadOnlySpan<MetricSample> samples)
    {
        if (samples.IsEmpty)
        {
            return;
        }

        if (numbering.Count > MostNumbers)
        {
            numbering = new(numbering.Epoch + 1);
        }

        var values = new double[2 * samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            (values[2 * i], values[(2 * i) + 1]) = (numbering.Of(samples[i].Series), samples[i].Value);
        }

        waiting.Writer.TryWrite(new(numbering, samples[0].AtMs, values));
        while (waiting.Reader.Count > MostWaiting && waiting.Reader.TryRead(out _))
        {
            Interlocked.Increment(ref dropped);
        }
    }

    /// <summary>Sends until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        long epoch = 0;
        while (await WaitAsync(stop) is { } batch)
        {
            if (batch.Numbering.Epoch != epoch)
            {
                told.Clear();
                epoch = batch.Numbering.Epoch;
            }

            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await SendAsync(batch, stop);
                    failures = 0;
                    break;
                }
                catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException or UnauthorizedAccessException or System.Text.Json.JsonException)
                {
                    if (failures++ == 0 && !stop.IsCancellationRequested)
                    {
                        OnFault("metrics", fault);
                    }

                    await Task.Delay(Retry, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }

    async Task<Waiting?> WaitAsync(CancellationToken stop)
    {
        try
        {
            return await waiting.Reader.ReadAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    async Task SendAsync(Waiting batch, CancellationToken stop)
    {
        if ((await PostAsync(batch, stop)).Again)
        {
            told.Clear();
            await PostAsync(batch, stop);
        }
    }

    async Task<BatchResult> PostAsync(Waiting batch, CancellationToken stop)
    {
        var fresh = new List<BatchSeries>();
        for (var i = 0; i < batch.Values.Length; i += 2)
        {
            var id = (int)batch.Values[i];
            if (told.Add(id))
            {
                fresh.Add(BatchSeries.Of(id, batch.Numbering.At(id)));
            }
        }

        try
        {
            using var deadline = new CancellationTokenSource(Deadline, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
            return await send(Codec.Encode(new MetricBatch { Epoch = batch.Numbering.Epoch, AtMs = batch.AtMs, Series = fresh, Values = batch.Values }), either.Token);
        }
        catch
        {
            told.ExceptWith(fresh.Select(f => f.Id));
            throw;
        }
    }

    sealed record Waiting(Numbering Numbering, long AtMs, double[] Values);

    // Written by who adds, read by who sends.
    sealed class Numbering(long epoch)
    {
        readonly Lock gate = new();
        readonly Dictionary<MetricSeries, int> ids = [];
        readonly List<MetricSeries> byId = [];

        public long Epoch => epoch;

        public int Count
        {
            get
            {
                lock (gate)
                {
                    return byId.Count;
                }
            }
        }

        public int Of(MetricSeries series)
        {
            lock (gate)
            {
                if (!ids.TryGetValue(series, out var id))
                {
                    ids[series] = id = byId.Count;
                    byId.Add(series);
                }

                return id;
            }
        }

        public MetricSeries At(int id)
        {
            lock (gate)
            {
                return byId[id];
            }
        }
    }
}
