using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Leads a release by canary, A/B or blue/green from stage to stage: how many instances of each version there are, and which share of requests the new one gets.</summary>
static class Releasing
{
    static readonly ReleaseSpec Usual = new();

    /// <summary>Goes as far as it can now. Leaves <see cref="ServiceWork.Phase"/> empty where instances are replaced without stages.</summary>
    public static void Advance(ServiceWork work)
    {
        if (!IsUpdate(work))
        {
            return;
        }

        var spec = work.View.Service.Spec.Release ?? Usual;
        var release = work.Status.Release is { } known && known.To == work.Wanted.Hash && !known.IsOver() ? known : Begin(work, spec);
        var word = work.View.Service.Release is { } said && said.To == work.Wanted.Hash ? said : new(work.Wanted.Hash);
        if (word.Abort)
        {
            work.Status = work.Status with { Release = release };
            Reject(work, Reasons.Aborted, word.Why);
            return;
        }

        // Without stages, and where data is that only one process may use, instances are replaced from the beginning.
        if (release.Stage == ReleaseStage.Starting && (work.IsPet || spec.Strategy is ReleaseStrategy.Rolling or ReleaseStrategy.Recreate))
        {
            release = release with { Stage = ReleaseStage.Promoting };
        }

        if (Grouped.Fallen(work, release) is { } fallen)
        {
            work.Status = work.Status with { Release = release };
            Reject(work, Reasons.Aborted, fallen);
            return;
        }

        release = release with { Ready = false };
        if (word.Enough && release is { Undecided: true } or { Why.Length: > 0 })
        {
            release = release with { Undecided = false, Why = "", Until = release is { Undecided: true, Stage: ReleaseStage.Holding } ? work.Now : release.Until };
        }

        for (var next = Next(work, spec, release, word); next != release; next = Next(work, spec, release, word))
        {
            if (!Grouped.MayGoOn(work, release, next))
            {
                release = release with { Ready = true };
                break;
            }

            release = next;
        }

        work.Plan.Wait(release.Until > work.Now ? release.Until : null);
        if (release.Why.Length > 0 && release.Why != work.Status.Release?.Why)
        {
            work.Plan.Say(Standing.About(work), Reasons.Undecided, $"{Name(release)} of {release.Version} {release.Why}", Severity.Warning);
        }

        work.Status = work.Status with { Release = release };
        if (release.Stage != ReleaseStage.Promoting)
        {
            var news = InstancesFor(work, spec, release);
            work.Phase = new(news, release.FreshFrom is null ? 0 : news, release.Share.Fraction, release.Stage != ReleaseStage.Starting || release.Ready);
        }
    }

    /// <summary>Goes back to what was good before.</summary>
    public static void Reject(ServiceWork work, string reason, string why)
    {
        var status = work.Status;
        var release = status.Release is { } known && known.To == work.Wanted.Hash ? known with { Stage = ReleaseStage.Aborted, Share = default, Since = work.Now, Until = null, Undecided = false, Why = why } : status.Release;
        work.Status = status with { Rejected = work.Wanted.Hash, RejectedBecause = why, Incoming = status.Stable!.Hash, Deadline = null, Release = release };
        work.Wanted = status.Stable;
        work.RolledBackBecause = (reason, why);
        work.Phase = null;
    }

    /// <summary>All wanted instances are of the new version.</summary>
    public static void Complete(ServiceWork work)
    {
        if (work.Status.Release is { } release && !release.IsOver())
        {
            var stage = release.To == work.Wanted.Hash ? ReleaseStage.Promoted : ReleaseStage.Aborted;
            var why = stage == ReleaseStage.Aborted ? "something else was declared" : release.Why;
            work.Status = work.Status with { Release = release with { Stage = stage, Share = stage == ReleaseStage.Promoted ? Share.Percent(100) : default, Since = work.Now, Until = null, Why = why } };
        }
    }

    /// <summary>How it stands, for people.</summary>
    public static string Describe(ServiceWork work, ReleasePhase phase)
    {
        var release = work.Status.Release!;
        var ready = $"{work.Current.Count(work.IsServing)} of {phase.New} ready";
        return (release.Strategy, release.Stage) switch
        {
            _ when release.Ready => $"{Name(release)} of {release.Version} at {release.Share} of requests waits for {string.Join(", ", work.View.Group.Select(m => m.Name))} of its group",
            (_, ReleaseStage.Starting) => $"{Name(release)} of {release.Version}: {ready}, {release.Share} of requests",
            (_, ReleaseStage.Holding) when release.Undecided => $"{Name(release)} of {release.Version} at {release.Share} of requests holds on: {TooFew(work)}",
            (_, ReleaseStage.Waiting) when release.Undecided => $"{Name(release)} of {release.Version} at {release.Share} of requests waits for 'mainstay rollout resume {work.View.Service.Name}': {TooFew(work)}",
            (_, ReleaseStage.Waiting) => $"{Name(release)} of {release.Version} at {release.Share} of requests waits for 'mainstay rollout resume {work.View.Service.Name}'",
            (ReleaseStrategy.Ab, _) => $"{Name(release)} of {release.Version} at {release.Share} of users until 'mainstay rollout promote' or 'abort'",
            (_, ReleaseStage.Keeping) => $"{release.Version} has all requests, {release.From} stands by",
            _ => $"{Name(release)} of {release.Version} at {release.Share} of requests",
        };
    }

    // Nothing to take the place of, or the same software once more, is no release.
    static bool IsUpdate(ServiceWork work) =>
        work.Count > 0
        && work.Status.Stable is { } stable && stable.Hash != work.Wanted.Hash && work.Wanted.Hash == work.Declared.Hash
        && !Codec.Same(stable with { Hash = "", Generation = 0, Other = null }, work.Wanted with { Hash = "", Generation = 0, Other = null });

    /// <summary>While instances are replaced, each that serves gets its part of the requests; what a release in stages has given to the new version stays with it.</summary>
    public static void Take(ServiceWork work)
    {
        if (work.Status.Release is { Stage: ReleaseStage.Promoting } release && release.To == work.Wanted.Hash)
        {
            var serving = work.Running.Count(work.IsServing);
            var taken = serving == 0 ? 0 : Math.Round(100.0 * work.Current.Count(work.IsServing) / serving);
            var staged = release.Strategy is ReleaseStrategy.Rolling or ReleaseStrategy.Recreate ? 0 : release.Share.Fraction * 100;
            work.Status = work.Status with { Release = release with { Share = Share.Percent(Math.Max(taken, staged)) } };
        }
    }

    static ReleaseStatus Begin(ServiceWork work, ReleaseSpec spec) => new()
    {
        To = work.Wanted.Hash,
        Version = ServiceDecide.Title(work.Wanted),
        From = ServiceDecide.Title(work.Status.Stable!),
        Strategy = spec.Strategy,
        Group = spec.Group,
        Declared = work.View.Architecture?.Version ?? 0,
        FreshFrom = spec is { Judge: { Fresh: true, Off: false }, Strategy: ReleaseStrategy.Canary } && !work.IsPet ? work.NextNumber : null,
        Began = work.Now,
        Since = work.Now,
    };

    static ReleaseStatus Next(ServiceWork work, ReleaseSpec spec, ReleaseStatus release, ReleaseWord word)
    {
        var wanted = InstancesFor(work, spec, release);
        var enough = work.Current.Count(i => work.IsSteady(i, spec.MinReady)) >= wanted
            && (release.FreshFrom is not { } first || work.Outdated.Count(i => InstanceNames.NumberOf(i.Name) >= first && work.IsSteady(i, spec.MinReady)) >= wanted);
        switch (release.Stage)
        {
            case ReleaseStage.Starting when enough && IsWhole(spec, release):
                return Switch(work, spec, release);
            case ReleaseStage.Starting when enough && word.Promote && spec.Strategy != ReleaseStrategy.BlueGreen:
                return TakeAll(work, spec, release);
            case ReleaseStage.Starting when enough && spec.Strategy == ReleaseStrategy.BlueGreen && !spec.Pause:
                return Switch(work, spec, release);
            case ReleaseStage.Starting when enough:
                return Hold(work, spec, release);
            case ReleaseStage.Holding or ReleaseStage.Waiting when word.Promote && spec.Strategy != ReleaseStrategy.BlueGreen:
                return TakeAll(work, spec, release);
            case ReleaseStage.Holding when word.Paused:
                return release with { Stage = ReleaseStage.Waiting };
            case ReleaseStage.Waiting when !word.Paused && !spec.Pause && (!release.Undecided || word.Passed > release.Step):
                return release with { Stage = ReleaseStage.Holding };
            case ReleaseStage.Holding when release.Undecided && word.Passed > release.Step:
                return Step(work, spec, Unjudged(work, release));
            case ReleaseStage.Holding when release.Until <= work.Now:
                return word.Enough || word.Passed > release.Step || spec.LongestWait() <= TimeSpan.Zero ? Step(work, spec, release) : HoldOn(work, spec, release);
            case ReleaseStage.Waiting when spec.Pause && enough && (word.Passed > release.Step || word.Promote):
                return spec.Strategy == ReleaseStrategy.BlueGreen ? Switch(work, spec, release) : Step(work, spec, release);
            case ReleaseStage.Keeping when word.Promote || (release.Until <= work.Now && !word.Paused):
                return To(work, release, ReleaseStage.Promoting);
            default:
                return release;
        }
    }

    static ReleaseStatus Hold(ServiceWork work, ReleaseSpec spec, ReleaseStatus release) => spec switch
    {
        { Strategy: ReleaseStrategy.Ab } => To(work, release, ReleaseStage.Holding) with { Share = spec.Share ?? Share.Percent(50) },
        { Strategy: ReleaseStrategy.BlueGreen } => To(work, release, ReleaseStage.Waiting),
        { Pause: true } => To(work, release, ReleaseStage.Waiting) with { Share = Steps(spec)[release.Step] },
        _ => To(work, release, ReleaseStage.Holding) with { Share = Steps(spec)[Math.Min(release.Step, Steps(spec).Count - 1)], Until = work.Now + spec.Hold },
    };

    // Without enough requests nothing is known of the new version: it stays at its step for a while more, and then it is told that it went on so.
    static ReleaseStatus HoldOn(ServiceWork work, ReleaseSpec spec, ReleaseStatus release) => release switch
    {
        { Undecided: false } => release with { Undecided = true, Until = release.Until + spec.LongestWait() },
        _ when spec.Judge.Undecided == WhenUndecided.Pause => release with { Stage = ReleaseStage.Waiting },
        _ => Step(work, spec, Unjudged(work, release)),
    };

    static ReleaseStatus Unjudged(ServiceWork work, ReleaseStatus release) => release with { Why = $"went on from {release.Share} of requests without a verdict: {TooFew(work)}" };

    static string TooFew(ServiceWork work) => $"fewer than {work.View.Service.Spec.Release!.Judge.Minimum} requests to one of the versions";

    // The share of the step before stays until there are enough instances for the next one.
    static ReleaseStatus Step(ServiceWork work, ReleaseSpec spec, ReleaseStatus release) => release.Step + 1 >= Steps(spec).Count
        ? TakeAll(work, spec, release)
        : To(work, release, ReleaseStage.Starting) with { Step = release.Step + 1 };

    // Alone it takes over instance by instance. A group does so in one table, once all instances of all of them are there.
    static ReleaseStatus TakeAll(ServiceWork work, ReleaseSpec spec, ReleaseStatus release) => release.Group is null
        ? To(work, release, ReleaseStage.Promoting)
        : To(work, release, ReleaseStage.Starting) with { Step = Steps(spec).Count };

    static bool IsWhole(ReleaseSpec spec, ReleaseStatus release) => spec.Strategy != ReleaseStrategy.BlueGreen && release.Step >= Steps(spec).Count;

    static ReleaseStatus Switch(ServiceWork work, ReleaseSpec spec, ReleaseStatus release) => To(work, release, ReleaseStage.Keeping) with
    {
        Share = Share.Percent(100),
        Until = spec.Strategy == ReleaseStrategy.BlueGreen ? work.Now + spec.KeepOld : work.Now,
    };

    static ReleaseStatus To(ServiceWork work, ReleaseStatus release, ReleaseStage stage) => release with { Stage = stage, Since = work.Now, Until = null, Ready = false, Undecided = false };

    static IReadOnlyList<Share> Steps(ReleaseSpec spec) => spec.Steps is { Count: > 0 } steps ? steps : ReleaseSpec.UsualSteps;

    static int InstancesFor(ServiceWork work, ReleaseSpec spec, ReleaseStatus release)
    {
        var share = spec.Strategy switch
        {
            _ when IsWhole(spec, release) => 1,
            ReleaseStrategy.BlueGreen => 1,
            ReleaseStrategy.Ab => (spec.Share ?? Share.Percent(50)).Fraction,
            _ => Steps(spec)[Math.Min(release.Step, Steps(spec).Count - 1)].Fraction,
        };
        return Math.Clamp((int)Math.Ceiling((work.Count * share) - 1e-9), 1, work.Count);
    }

    static string Name(ReleaseStatus release) => release.Strategy switch
    {
        ReleaseStrategy.BlueGreen => "blue/green",
        ReleaseStrategy.Ab => "A/B",
        _ => "canary",
    };
}

/// <summary>What a release asks for while both versions run.</summary>
/// <param name="New">How many instances of the new version.</param>
/// <param name="Fresh">How many of the old version beyond those wanted, started with the new ones.</param>
/// <param name="Fraction">Its part of the requests, 0 to 1.</param>
/// <param name="Holding">True where nothing has to start now.</param>
sealed record ReleasePhase(int New, int Fresh, double Fraction, bool Holding);
