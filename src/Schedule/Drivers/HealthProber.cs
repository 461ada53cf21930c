using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>Checks running processes, each at its own pace, and tells transitions only. How results are judged is <see cref="HealthDecide"/>'s matter.</summary>
sealed class HealthProber(EventThread events, TimeProvider time) : IAsyncDisposable
{
    // Checks under way at the same time; the others wait their turn.
    const int Parallel = 32;

    readonly Lock gate = new();
    readonly Dictionary<string, Round> rounds = new(StringComparer.Ordinal);
    readonly SemaphoreSlim turns = new(Parallel);

    /// <summary>Called with news of an instance's epoch.</summary>
    public required Action<string, int, HealthView> OnNews { get; init; }

    /// <summary>Begins to check a process in the place of what was checked for the instance before.</summary>
    public void Begin(HealthTarget target, HealthView start)
    {
        lock (gate)
        {
            End(target.Instance);
            var round = new Round(new CancellationTokenSource());
            rounds[target.Instance] = round;
            round.Work = Task.Run(() => RunAsync(target, start, round.Stop.Token));
        }
    }

    public void End(string instance)
    {
        lock (gate)
        {
            if (rounds.Remove(instance, out var round))
            {
                round.Stop.Cancel();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] work;
        lock (gate)
        {
            work = [.. rounds.Values.Select(r => r.Work)];
            foreach (var instance in rounds.Keys.ToList())
            {
                End(instance);
            }
        }

        await Task.WhenAll(work);
        turns.Dispose();
    }

    async Task RunAsync(HealthTarget target, HealthView view, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var failure = await CheckAsync(target, stop);
                var next = HealthDecide.After(target.Spec, view, failure, time.GetUtcNow());
                if (HealthDecide.IsNews(view, next))
                {
                    OnNews(target.Instance, target.Epoch, next);
                }

                view = next;
                await Task.Delay(HealthDecide.Pause(target.Spec, view, time.GetUtcNow()), time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    async Task<string?> CheckAsync(HealthTarget target, CancellationToken stop)
    {
        await turns.WaitAsync(stop);
        try
        {
            return await HealthCheck.RunAsync(target, events, time, stop);
        }
        finally
        {
            turns.Release();
        }
    }

    sealed class Round(CancellationTokenSource stop)
    {
        public CancellationTokenSource Stop => stop;

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
