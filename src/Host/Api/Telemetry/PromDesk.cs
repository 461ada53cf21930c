using Mainstay.Observe.Query.Prom;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>Answers expressions over the store: at most two at a time, each within 30 s; whoever comes while others are answered waits.</summary>
public sealed class PromDesk(IMetricStore store, TimeProvider time)
{
    /// <summary>How long one answer may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    static readonly PromLimits Limits = new();

    readonly Turns turns = new();

    public StoreSource Source { get; } = new(store);

    public Task<(PromAnswer? Answer, PromFault? Fault)> AtAsync(string text, long atMs, CancellationToken stop) =>
        RunAsync(limit => PromEngine.At(text, Source, atMs, Limits, limit), stop);

    public Task<(PromAnswer? Answer, PromFault? Fault)> OverAsync(string text, long fromMs, long toMs, long stepMs, CancellationToken stop) =>
        RunAsync(limit => PromEngine.Over(text, Source, fromMs, toMs, stepMs, Limits, limit), stop);

    async Task<(PromAnswer?, PromFault?)> RunAsync(Func<CancellationToken, (PromAnswer?, PromFault?)> answer, CancellationToken stop)
    {
        await turns.Free.WaitAsync(stop);
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            var limit = either.Token;
            return await Task.Run(() => answer(limit), CancellationToken.None);
        }
        finally
        {
            turns.Free.Release();
        }
    }

    sealed class Turns
    {
        public SemaphoreSlim Free { get; } = new(2);
    }
}
