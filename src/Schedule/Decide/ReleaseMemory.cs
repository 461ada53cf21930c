using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Writes down the way of a release, and keeps it when it has ended.</summary>
static class ReleaseMemory
{
    const int MostMarks = 64;

    public static void Keep(ServiceWork work)
    {
        var before = work.View.Service.Status.Release;
        if (work.Forgotten || work.Status.Release is not { } release)
        {
            return;
        }

        var isSame = before is not null && before.To == release.To && before.Began == release.Began;
        if (before is not null && !isSame && !before.IsOver())
        {
            Put(work, before with { Stage = ReleaseStage.Aborted, Share = default, Since = work.Now, Until = null, Why = $"{release.Version} was declared", Marks = Marked(before.Marks, new(work.Now, ReleaseStage.Aborted, default)) });
        }

        if (!isSame || before!.Stage != release.Stage || before.Share != release.Share || before.Step != release.Step)
        {
            release = release with { Marks = Marked(release.Marks, new(release.Since, release.Stage, release.Share)) };
            work.Status = work.Status with { Release = release };
            if (release.IsOver())
            {
                Put(work, release);
            }
        }
    }

    static void Put(ServiceWork work, ReleaseStatus release)
    {
        var kept = work.View.Releases.OrderBy(r => r.Number).ToArray();
        var number = Math.Max(kept.Length > 0 ? kept[^1].Number : 0, work.Plan.Puts.OfType<ReleaseRecord>().Select(r => r.Number).DefaultIfEmpty().Max()) + 1;
        work.Plan.Put(new ReleaseRecord { Name = ReleaseRecord.NameOf(work.View.Service.Name, number), Service = work.View.Service.Name, Number = number, Release = release });
        foreach (var old in kept.Take(kept.Length - ReleaseRecord.Kept + 1))
        {
            work.Plan.Delete(old);
        }
    }

    static IReadOnlyList<ReleaseMark> Marked(IReadOnlyList<ReleaseMark> marks, ReleaseMark mark) =>
        marks.Count < MostMarks ? [.. marks, mark] : [marks[0], .. marks.Skip(2), mark];
}
