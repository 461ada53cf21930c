namespace Mainstay.Schedule.Drivers;

/// <summary>The machine's clock since its boot (CLOCK_BOOTTIME of clock_gettime(2)): the same for every process, not set by anybody, and it goes on while the machine sleeps.</summary>
static class BootClock
{
    const int BootTime = 7;

    /// <summary>The clock beside a time provider: the machine's own beside the system's, else the provider's own monotonic one.</summary>
    public static Func<TimeSpan> Beside(TimeProvider time) => ReferenceEquals(time, TimeProvider.System) ? Now : () => time.GetElapsedTime(0);

    static unsafe TimeSpan Now()
    {
        // A struct timespec: seconds and nanoseconds.
        var read = stackalloc long[2];
        return Posix.clock_gettime(BootTime, read) == 0
            ? TimeSpan.FromSeconds(read[0]) + TimeSpan.FromMicroseconds(read[1] / 1000)
            : throw new InvalidOperationException($"the clock since boot cannot be read: {Posix.Describe(Posix.Errno)}");
    }
}
