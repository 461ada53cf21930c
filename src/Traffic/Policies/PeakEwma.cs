namespace Mainstay.Traffic.Policies;

/// <summary>
/// What the next answer is expected to take: a moving average of latencies that rises at once to every peak and falls slowly. Also falls while nothing is
/// observed, so that what was slow once is tried again.
/// </summary>
/// <remarks>Several threads may observe at a time; one of two observations of the same moment may then be lost, which an average can bear.</remarks>
internal struct PeakEwma
{
    /// <summary>After this time without a peak, about a third of it is left.</summary>
    public const double DecayMicros = 10_000_000;

    /// <summary>As <see cref="DecayMicros"/>, after a first peak: who stood still once is soon asked again. Doubled with each further one in a row, up to <see cref="MostPeaks"/>.</summary>
    public const double FirstDecayMicros = 1_500_000;

    /// <summary>So many first answers come from what is still cold, and tell little of the next ones: each is forgotten as soon as a first peak.</summary>
    public const int ColdAnswers = 4;

    /// <summary>So many peaks in a row are told apart.</summary>
    public const int MostPeaks = 4;

    /// <summary>A failure is as bad as so many peaks.</summary>
    public const int FailurePeaks = 3;

    /// <summary>An answer is a peak from this multiple of what was usual before.</summary>
    public const double PeakRatio = 2;

    /// <summary>A failure counts as at least this long, however fast it came: else what fails fast would attract everything.</summary>
    public const double FailureMicros = 100_000;

    /// <summary>No estimate is higher.</summary>
    public const double MostMicros = 60_000_000;

    private double value;
    private double usual;
    private long at;
    private int peaks;
    private int answers;

    /// <summary>True before the first observation.</summary>
    public readonly bool IsUnknown => Volatile.Read(in at) == 0;

    public void Observe(double micros, long nowMicros)
    {
        var before = Now(nowMicros);
        var past = Math.Max(nowMicros - Volatile.Read(ref at), 0);
        double next;
        if (micros >= before)
        {
            next = Math.Min(micros, MostMicros);
        }
        else
        {
            // What Now already let fall counts as the old part's weight: the sum of both weights is 1.
            next = before + micros * (1 - Math.Exp(-past / Decay()));
        }
        if (answers < ColdAnswers)
        {
            answers++;
            (peaks, usual) = (1, next);
        }
        else if (micros < usual * PeakRatio)
        {
            (peaks, usual) = (0, next);
        }
        else if (peaks < MostPeaks)
        {
            peaks++;
        }
        else
        {
            // What goes on is what is usual, in the end.
            usual += (micros - usual) / 8;
        }
        Volatile.Write(ref value, next);
        Volatile.Write(ref at, Math.Max(nowMicros, 1));
    }

    /// <summary>A request failed after so long: worse than what was expected, whatever the time it took.</summary>
    public void ObserveFailure(double micros, long nowMicros)
    {
        Observe(Math.Max(Math.Max(micros, FailureMicros), Math.Min(Now(nowMicros) * 2, 10_000_000)), nowMicros);
        peaks = Math.Max(peaks, FailurePeaks);
    }

    /// <summary>The estimate in microseconds; 0 before the first observation.</summary>
    public readonly double Now(long nowMicros)
    {
        var seen = Volatile.Read(in value);
        var past = nowMicros - Volatile.Read(in at);
        return past <= 0 || seen == 0 ? seen : seen * Math.Exp(-past / Decay());
    }

    private readonly double Decay() => peaks == 0 ? DecayMicros : FirstDecayMicros * (1 << (peaks - 1));
}
