using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// For how long the agent owns what another host could take over, beyond the life of the agent's process: a run that follows another one owns nothing longer than that one would have. Times are on the
/// machine's clock since its boot, which no setting of the time of day moves and which goes on while the machine sleeps.
/// </summary>
/// <param name="Boot">Which boot. The clock of another one says nothing, and no process has outlived it.</param>
/// <param name="Held">When the last report was sent that was answered while the agent owned what it has; null where there was none.</param>
/// <param name="Until">The end of the time in which runs that know nothing of an earlier one may be answered, whichever run it is; null where an earlier one is known.</param>
public sealed record LeaseTerm(string Boot, TimeSpan? Held, TimeSpan? Until)
{
    /// <summary>A run that knows nothing of an earlier one has this long to be answered before it ends what may be another host's.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(3);

    /// <summary>The term that a run of the agent begins with.</summary>
    /// <param name="kept">What an earlier run left; null where there is nothing.</param>
    /// <param name="boot">This boot.</param>
    /// <param name="now">Since then.</param>
    public static LeaseTerm Begin(LeaseTerm? kept, string boot, TimeSpan now)
    {
        // What lies ahead was not written by this clock.
        var isKnown = kept is not null && kept.Boot == boot && !(kept.Held > now) && !(kept.Until > now + First);
        return isKnown ? kept! : new(boot, null, now + First);
    }

    /// <summary>Somebody else may own it by now.</summary>
    public bool IsOver(TimeSpan now) => !(now < Held + HostLease.Span) && !(now < Until);

    /// <summary>After a report that was answered while it was owned.</summary>
    public LeaseTerm Answered(TimeSpan sentAt) => new(Boot, sentAt, null);
}
