namespace Mainstay.Traffic.Path;

/// <summary>The one timer of the path: refreshes the coarse clock and looks at every deadline, ten times a second.</summary>
internal sealed class Heartbeat : IDisposable
{
    /// <summary>Time between two beats, and so the precision of every limit in time.</summary>
    public const int IntervalMs = 100;

    private readonly ITimer timer;

    public Heartbeat(TimeProvider time, Action beat)
    {
        var isBeating = 0;
        var interval = TimeSpan.FromMilliseconds(IntervalMs);
        timer = time.CreateTimer(Beat, null, interval, interval);

        // A beat that takes longer than the interval is not joined by a second one.
        void Beat(object? _)
        {
            if (Interlocked.Exchange(ref isBeating, 1) != 0) return;
            try
            {
                beat();
            }
            finally
            {
                Volatile.Write(ref isBeating, 0);
            }
        }
    }

    public void Dispose() => timer.Dispose();
}
