using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Lets requests of a service pass by their level, and tells callers in the mesh which level that is. Without an admission of its own it obeys interventions alone.
/// </summary>
internal sealed class LevelGate : Gate
{
    private readonly LevelAdmission? admission;
    private readonly Intervention[] forced;
    private readonly bool tells;

    public LevelGate(LevelAdmission? admission, TargetPlace place)
        : base("levels")
    {
        this.admission = admission;
        tells = place.Listener.Kind == ListenerKind.Mesh;
        forced = [.. Interventions.Of(place.Model, place.About, place.Cluster.Service).Where(one => one.Admit is not null)];
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var level = RequestLevel.Of(x);
        var least = Math.Max(admission?.Admitted ?? 0, Forced(x));
        var asked = admission?.Level.Ask(level) != false;
        if (tells && least > 0) Tell(x, least);
        if (asked && level >= least) return Verdict.Pass;
        admission?.CountShed();
        x.Added.Add("Retry-After"u8, 1);
        x.Reason = Reason.Shed;
        return Verdict.Refuse;
    }

    public override void Leave(Exchange x, int slot)
    {
        // The service itself may be a hop that sheds; what it admits is heard here, so that less is sent there for nothing.
        if (x.HeadAt >= 0 && x.Response.Admit > 0) admission?.Hear(x.Response.Admit);
    }

    public override bool IsShedding => forced.Length > 0 || admission?.Admitted > 0;

    public override Opinion Peek(Exchange x)
    {
        var level = RequestLevel.Of(x);
        var least = Math.Max(admission?.Admitted ?? 0, Forced(x));
        return new Opinion(level >= least ? Verdict.Pass : Verdict.Refuse, $"level {Levels.Show(level)}; admitted from {Levels.Show(least)}", level >= least ? Reason.None : Reason.Shed);
    }

    private int Forced(Exchange x)
    {
        foreach (var one in forced)
        {
            if (one.Holds(x.Connection.Gateway.Clock)) return one.Admit!.Value;
        }
        return 0;
    }

    private static void Tell(Exchange x, int level)
    {
        Span<byte> text = stackalloc byte[5];
        x.Added.Add("X-Mainstay-Admit"u8, text[..Levels.Write(Math.Min(level, Levels.Count - 1), text)]);
    }
}

/// <summary>Which levels of requests a service admits now; shared by all ways to it.</summary>
internal sealed class LevelAdmission(string service, LevelsSpec spec, NoticeBoard? board) : IReporting, IBeating
{
    private readonly long windowMs = (long)spec.Window.TotalMilliseconds;
    private readonly long queueingMicros = (long)spec.Queueing.TotalMicroseconds;
    private long sinceMs;
    private int refusals;
    private int heardNow;
    private int heard;
    private long shed;
    private bool isShedding;

    public AdmitLevel Level { get; } = new();

    /// <summary>The limit whose queue is looked at.</summary>
    public WaitRoom? Room { get; set; }

    /// <summary>What is admitted: by what is seen here, and by what the service itself says.</summary>
    public int Admitted => Math.Max(Level.Level, Volatile.Read(ref heard));

    /// <summary>A request found no place at the service's limit.</summary>
    public void NoteRefusal() => Interlocked.Increment(ref refusals);

    public void CountShed() => Interlocked.Increment(ref shed);

    /// <summary>The service said in a response what it admits.</summary>
    public void Hear(int level)
    {
        Volatile.Write(ref heard, Math.Max(Volatile.Read(ref heard), level));
        if (level > Volatile.Read(ref heardNow)) Volatile.Write(ref heardNow, level);
    }

    public void Beat(long nowMs)
    {
        if (nowMs - sinceMs < windowMs) return;
        sinceMs = nowMs;
        // What it no longer says holds no longer.
        Volatile.Write(ref heard, Interlocked.Exchange(ref heardNow, 0));
        var isOverloaded = Interlocked.Exchange(ref refusals, 0) > 0;
        if ((Room?.TakeAverageWait() ?? 0) > queueingMicros) isOverloaded = true;
        Level.Turn(isOverloaded);
        var shedding = Admitted > 0;
        if (shedding == isShedding) return;
        isShedding = shedding;
        if (shedding) board?.Add($"service/{service}", "SheddingBegan", $"requests below level {Levels.Show(Admitted)} are turned away: more are asked for than {service} serves");
        else board?.Add($"service/{service}", "SheddingEnded", string.Create(CultureInfo.InvariantCulture, $"all levels are admitted again; {Volatile.Read(ref shed)} requests were turned away since the start"), isWarning: false);
    }

    public PolicyReport? Report(long nowMs) => new(
        $"service/{service}", "levels", "levels", isShedding ? "shedding" : "admitting", isShedding ? $"admitted from level {Levels.Show(Admitted)}" : "",
        new Dictionary<string, double> { ["admit"] = Admitted, ["heard"] = Volatile.Read(ref heard), ["shed"] = Volatile.Read(ref shed) });
}
