using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>What became of an endpoint.</summary>
/// <param name="Load">Which one.</param>
/// <param name="Why">What led to it; null where it returned.</param>
/// <param name="ForMs">How long it is ejected.</param>
internal readonly record struct Ejection(Load Load, string? Why, long ForMs);

/// <summary>
/// Finds the endpoints of one service that answer worse than the others, and ejects them for a while; never more of them than
/// <see cref="OutlierSpec.Most"/>, whoever asks and whoever leaves.
/// </summary>
/// <remarks>Outcomes are counted without locks; ejections and returns, which are rare, one after the other.</remarks>
internal sealed class Outliers(OutlierSpec terms)
{
    private const int LongestTimes = 10;
    private readonly Lock gate = new();
    private readonly List<Ejection> news = [];
    private Load[] members = [];
    private long comparedAtMs = long.MinValue;
    private volatile bool isPanic;

    /// <summary>Too few can be used: ejections are not to be looked at.</summary>
    public bool IsPanic => isPanic;

    /// <summary>So many may be ejected at a time.</summary>
    public int MostEjected => (int)Math.Floor(members.Length * terms.Most.Fraction + 1e-9);

    /// <summary>The endpoints from now on. Where fewer endpoints mean fewer ejections, those whose time is over first return at once.</summary>
    public void SetMembers(Load[] next, long nowMs)
    {
        lock (gate)
        {
            foreach (var one in members.Except(next)) one.EjectedUntilMs = 0;
            members = next;
            foreach (var one in members.Where(one => one.IsEjected(nowMs)).OrderByDescending(one => one.EjectedUntilMs).Skip(MostEjected)) Return(one);
        }
    }

    /// <summary>A request ended. Called by any thread.</summary>
    public void Outcome(Load load, bool failed, long nowMs)
    {
        if (!failed)
        {
            Interlocked.Increment(ref load.Good);
            if (load.Failures != 0) Volatile.Write(ref load.Failures, 0);
            return;
        }
        Interlocked.Increment(ref load.Bad);
        // What was under way when it was ejected says nothing new.
        if (Interlocked.Increment(ref load.Failures) < terms.Consecutive || load.IsEjected(nowMs)) return;
        lock (gate) TryEject(load, nowMs, $"{load.Failures} failures in a row");
    }

    /// <summary>Lets those return whose time is over, and compares the shares when it is time to.</summary>
    public void Beat(long nowMs)
    {
        lock (gate)
        {
            foreach (var one in members)
            {
                if (one.EjectedUntilMs != 0 && !one.IsEjected(nowMs)) Return(one);
            }
            if (comparedAtMs == long.MinValue) comparedAtMs = nowMs;
            if (nowMs - comparedAtMs >= terms.Interval.TotalMilliseconds)
            {
                comparedAtMs = nowMs;
                Compare(nowMs);
            }
            var usable = members.Count(one => !one.IsAlone(nowMs) && !one.IsEjected(nowMs));
            isPanic = usable < members.Length * terms.Panic.Fraction;
        }
    }

    /// <summary>What happened since the last call.</summary>
    public IReadOnlyList<Ejection> TakeNews()
    {
        lock (gate)
        {
            if (news.Count == 0) return [];
            var all = news.ToArray();
            news.Clear();
            return all;
        }
    }

    /// <summary>How many are ejected.</summary>
    public int Ejected(long nowMs)
    {
        lock (gate) return members.Count(one => one.IsEjected(nowMs));
    }

    private void Compare(long nowMs)
    {
        var seen = members.Select(one => (Load: one, Good: Interlocked.Exchange(ref one.Good, 0), Bad: Interlocked.Exchange(ref one.Bad, 0))).ToArray();
        var told = seen.Where(one => one.Good + one.Bad >= terms.Minimum && !one.Load.IsEjected(nowMs)).ToArray();
        var (good, bad) = (told.Sum(one => (long)one.Good), told.Sum(one => (long)one.Bad));
        foreach (var one in told.OrderByDescending(one => (double)one.Bad / (one.Good + one.Bad)))
        {
            var others = good + bad - one.Good - one.Bad;
            if (others <= 0) break;
            var (mine, theirs) = ((double)one.Bad / (one.Good + one.Bad), (double)(bad - one.Bad) / others);
            if (mine - theirs > terms.Above.Fraction) TryEject(one.Load, nowMs, $"{mine:P0} failures, the others {theirs:P0}");
        }
        // Who stayed through a whole interval begins to be trusted again.
        foreach (var one in members.Where(one => one.Ejections > 0 && !one.IsEjected(nowMs))) one.Ejections--;
    }

    private void TryEject(Load load, long nowMs, string why)
    {
        if (load.IsEjected(nowMs) || !members.Contains(load)) return;
        if (members.Count(one => one.IsEjected(nowMs)) >= MostEjected) return;
        load.Ejections = Math.Min(load.Ejections + 1, LongestTimes);
        var spanMs = (long)terms.Ejection.TotalMilliseconds * load.Ejections;
        Volatile.Write(ref load.EjectedUntilMs, nowMs + spanMs);
        news.Add(new Ejection(load, why, spanMs));
    }

    private void Return(Load load)
    {
        Volatile.Write(ref load.EjectedUntilMs, 0);
        Volatile.Write(ref load.Failures, 0);
        load.Good = load.Bad = 0;
        news.Add(new Ejection(load, null, 0));
    }
}
