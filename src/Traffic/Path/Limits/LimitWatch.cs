using System.Globalization;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>What people see of one limit: how many it admitted and refused, and when it began and ended to limit. Lives across tables.</summary>
/// <param name="about">Whose limit: <c>route/NAME</c>, <c>need/CALLER.CALLEE</c> or <c>service/NAME</c>.</param>
/// <param name="name">Which of them: <c>limit-1</c>.</param>
/// <param name="spec">As it is declared.</param>
/// <param name="board">Where notices go; null where a table is only compiled.</param>
internal abstract class LimitWatch(string about, string name, LimitSpec spec, NoticeBoard? board) : IReporting, IBeating
{
    /// <summary>So long without a refusal ends the limiting.</summary>
    private const long CalmMs = 5000;

    private long admitted;
    private long refused;
    private long waved;
    private long begunAt;
    private long seenRefused;
    private long lastRefusedMs;
    private volatile bool isLimiting;

    public LimitSpec Spec { get; } = spec;

    public string About { get; } = about;

    public string Name { get; } = name;

    protected NoticeBoard? Board { get; } = board;

    /// <summary>It turned somebody away a moment ago.</summary>
    public bool IsLimiting => isLimiting;

    public long Admitted => Volatile.Read(ref admitted);

    public long Refused => Volatile.Read(ref refused);

    public void CountAdmitted() => Interlocked.Increment(ref admitted);

    public void CountRefused() => Interlocked.Increment(ref refused);

    /// <summary>It would have been refused, had it not been a dry run.</summary>
    public void CountWaved() => Interlocked.Increment(ref waved);

    public virtual void Beat(long nowMs)
    {
        var now = Refused + Volatile.Read(ref waved);
        if (now != seenRefused)
        {
            lastRefusedMs = nowMs;
            if (!isLimiting)
            {
                isLimiting = true;
                begunAt = seenRefused;
                Board?.Add(About, "LimitingBegan", $"{Name} ({Kind}) turns requests away: {Explain(nowMs)}{(Waved == 0 ? "" : "; a dry run, so they pass")}");
            }
            seenRefused = now;
        }
        else if (isLimiting && nowMs - lastRefusedMs >= CalmMs)
        {
            isLimiting = false;
            Board?.Add(About, "LimitingEnded", string.Create(CultureInfo.InvariantCulture, $"{Name} ({Kind}) turned {now - begunAt} requests away, and none for {CalmMs / 1000} s"), isWarning: false);
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        var numbers = new Dictionary<string, double> { ["admitted"] = Admitted, ["refused"] = Refused };
        if (Waved > 0) numbers["wouldHaveRefused"] = Waved;
        var why = Tell(nowMs, numbers);
        return new PolicyReport(About, Name, Kind, isLimiting ? "limiting" : "passing", why, numbers);
    }

    protected long Waved => Volatile.Read(ref waved);

    private string Kind => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(Spec.Algorithm.ToString());

    /// <summary>The limit in words: <c>more than 100/s per client</c>.</summary>
    protected abstract string Explain(long nowMs);

    /// <summary>Adds its figures, and says why it stands as it does; empty where that is plain.</summary>
    protected abstract string Tell(long nowMs, Dictionary<string, double> numbers);
}
