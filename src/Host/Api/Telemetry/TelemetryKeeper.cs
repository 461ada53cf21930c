namespace Mainstay.Host.Api.Telemetry;

/// <summary>Gives what is kept on disk its time, four times a second, and once more at the end.</summary>
public static class TelemetryKeeper
{
    /// <summary>What the end of the process, however sudden, can lose at most of what was taken in.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs until it is stopped. A tick that fails is told, once for each kind of failure, and the next is tried.</summary>
    public static async Task RunAsync(TimeProvider time, Action<string, Exception> onFault, IReadOnlyList<Action> ticks, CancellationToken stop)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using var timer = new PeriodicTimer(Every, time);
            while (await timer.WaitForNextTickAsync(stop))
            {
                Tick();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        Tick();

        void Tick()
        {
            foreach (var tick in ticks)
            {
                try
                {
                    tick();
                }
                catch (Exception fault)
                {
                    if (told.Add($"{fault.GetType()} {fault.StackTrace?.Split('\n')[0]}"))
                    {
                        onFault("telemetry store", fault);
                    }
                }
            }
        }
    }
}
