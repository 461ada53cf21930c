using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Keeps the releases of a group together: nobody leaves a step before all could, and what is given up of one is given up of all.</summary>
static class Grouped
{
    const int Kept = 1_000_000;

    /// <summary>Whether a release may go from one point to the next; going to and fro at the same step is its own affair.</summary>
    public static bool MayGoOn(ServiceWork work, ReleaseStatus from, ReleaseStatus to)
    {
        var here = PlaceOf(from);
        return PlaceOf(to) <= here || Waited(work).All(m => PlaceOf(m.Release, from) is var place && (place > here || (place == here && m.Release!.Ready)));
    }

    /// <summary>Why a release is given up because another of its group was; null where none was.</summary>
    public static string? Fallen(ServiceWork work, ReleaseStatus release) =>
        work.View.Group.FirstOrDefault(m => m.IsTurnedBack && m.Release is { Stage: ReleaseStage.Aborted } other && other.Declared >= release.Declared) is { } fallen
            ? $"{fallen.Name} of its group was given up: {fallen.Release!.Why}"
            : null;

    // What was turned back before this release began stays as it is, and nobody waits for it; what was turned back since gives this one up too.
    static IEnumerable<GroupMember> Waited(ServiceWork work) => work.View.Group.Where(m => !m.IsTurnedBack);

    // One that has ended its release before this one is far behind: its own has not begun.
    static int PlaceOf(ReleaseStatus? other, ReleaseStatus mine) => other is null || (other.IsOver() && other.Declared < mine.Declared) ? -1 : PlaceOf(other);

    static int PlaceOf(ReleaseStatus release) => release.Stage switch
    {
        ReleaseStage.Starting => release.Step * 2,
        ReleaseStage.Holding or ReleaseStage.Waiting => (release.Step * 2) + 1,
        ReleaseStage.Keeping => Kept,
        ReleaseStage.Promoting => Kept + 1,
        _ => Kept + 2,
    };
}
