namespace Mainstay.Traffic.Policies;

/// <summary>
/// Like TCP, by P90 and P99. It doubles while all is well (slow start) up to where it was good before, then goes on one by one. The first bad window in a row
/// of cuts takes a half, the next a quarter, then an eighth and so on down to a sixteenth: it comes to rest instead of swinging. After a cut it holds for a window,
/// in which the requests that were admitted before end.
/// </summary>
/// <remarks>
/// Bad is: more than one in a hundred dropped, P99 over its target or twice its base, P90 over its target or one and a half times its base. The base is what was
/// seen while the limit was not used up; it goes down soon and up slowly. Where two cuts in a row did not shorten P90 by even half of what was cut, it is not a
/// queue that makes it long, and it becomes the base: a service that is slower now is not throttled for that. No window is used up to measure:
/// nobody is turned away for it.
/// </remarks>
internal sealed class DampedHalving(LimitBounds bounds) : ILimitController
{
    private const double LongP90 = 1.5;
    private const double LongP99 = 2;
    private const double SmallestCut = 1.0 / 16;
    private const double Good = 0.9;

    /// <summary>Up to this part of what was good before, it comes back fast.</summary>
    private const double FastBack = 0.7;

    /// <summary>What a smaller cut does to P90 cannot be told from chance.</summary>
    private const double TellingCut = 1.0 / 8;

    /// <summary>Good windows after which the next cut takes a half again.</summary>
    private const int Calm = 50;

    private double limit = bounds.Clamp(bounds.Initial);
    private double threshold = bounds.Max;
    private double knownGood;
    private double lastCut;
    private double cut = 0.5;
    private double base90;
    private double base99;
    private double before90;
    private int vain;
    private int calm;
    private bool holds;

    public int Limit => (int)limit;

    public double BaseMs => base90;

    public LimitStep Next(in LatencySummary seen)
    {
        if (seen.Samples == 0 && seen.Drops == 0) return Stay(LimitReason.Idle);
        if (holds)
        {
            holds = false;
            return Stay(LimitReason.Hold);
        }
        var isUsed = seen.MostInFlight * 2 >= limit;
        LearnBase(seen, isUsed);
        var why = Bad(seen);
        if (why != LimitReason.Hold) return Cut(seen, why);
        vain = 0;
        lastCut = 0;
        if (isUsed) knownGood = Math.Max(knownGood, limit);
        if (++calm >= Calm) cut = 0.5;
        if (!isUsed) return Stay(LimitReason.NotUsed);
        if (limit < threshold)
        {
            limit = bounds.Clamp(Math.Min(limit * 2, Math.Max(threshold, limit + 1)));
            return Stay(LimitReason.SlowStart);
        }
        // Close to what is too long, more would only be taken back.
        if (base90 > 0 && seen.P90Ms > base90 * (1 + (LongP90 - 1) * Good)) return Stay(LimitReason.Hold);
        limit = bounds.Clamp(limit + Math.Max(1, limit / 64));
        return Stay(LimitReason.Probe);
    }

    private LimitStep Cut(in LatencySummary seen, LimitReason why)
    {
        calm = 0;
        if (why != LimitReason.Drops && lastCut >= TellingCut && seen.P90Ms > before90 * (1 - lastCut / 2)) vain++;
        if (vain >= 2 && Rebase(seen)) return Stay(LimitReason.Rebased);
        // What was good once and is bad now is no mark to come back to.
        if (limit <= knownGood) knownGood = limit * (1 - cut);
        threshold = Math.Max(bounds.Min, knownGood * FastBack);
        limit = bounds.Clamp(limit * (1 - cut));
        (before90, lastCut) = (seen.P90Ms, cut);
        cut = Math.Max(SmallestCut, cut / 2);
        holds = true;
        return Stay(why);
    }

    /// <summary>Takes what is seen for the service's own time, unless a declared target says that it is too long.</summary>
    private bool Rebase(in LatencySummary seen)
    {
        vain = 0;
        if (IsOver(seen.P90Ms, bounds.TargetP90Ms) || IsOver(seen.P99Ms, bounds.TargetP99Ms)) return false;
        (base90, base99) = (seen.P90Ms, seen.P99Ms);
        lastCut = 0;
        cut = 0.5;
        return true;
    }

    private LimitReason Bad(in LatencySummary seen)
    {
        if (seen.Drops * 100 > seen.Samples + seen.Drops) return LimitReason.Drops;
        if (IsOver(seen.P99Ms, bounds.TargetP99Ms) || (base99 > 0 && seen.P99Ms > base99 * LongP99)) return LimitReason.P99;
        return IsOver(seen.P90Ms, bounds.TargetP90Ms) || (base90 > 0 && seen.P90Ms > base90 * LongP90) ? LimitReason.P90 : LimitReason.Hold;
    }

    private void LearnBase(in LatencySummary seen, bool isUsed)
    {
        if (seen.Samples == 0) return;
        base90 = Learn(base90, seen.P90Ms, isUsed);
        base99 = Math.Max(base90, Learn(base99, seen.P99Ms, isUsed));
    }

    private static double Learn(double known, double seen, bool isUsed)
    {
        if (known == 0) return seen;
        if (seen < known) return known + (seen - known) * 0.2;
        return isUsed || seen > known * LongP90 ? known : known + (seen - known) * 0.05;
    }

    private static bool IsOver(double seen, double target) => target > 0 && seen > target;

    private LimitStep Stay(LimitReason why) => new(Limit, why);
}
