namespace Mainstay.Observe.Correlate;

/// <summary>Whether something was changed shortly before the trouble began. Pure.</summary>
static class ChangeSuspects
{
    /// <returns>Whether a change of the node explains it.</returns>
    public static bool Add(Picture seen, Blame blame, DateTimeOffset since, Suspects suspects)
    {
        var near = seen.Changes.Where(c => c.Service == blame.Node.Id && since - c.At <= Thresholds.ChangeBefore && c.At - since <= Thresholds.ChangeAfter)
            .Select(c => (Change: c, Kind: c.Kind == ChangeKind.Intervention ? CauseKind.Intervention : CauseKind.Change, Score: Score(c, since)))
            .OrderByDescending(c => c.Score)
            .ToList();
        foreach (var (change, kind, score) in near)
        {
            var before = since - change.At;
            // Several changes do not make it likelier that it was a change; each is evidence.
            var isFirst = near.First(c => c.Kind == kind).Change == change;
            suspects.Add(
                kind, Subjects.Service(blame.Node.Id), blame.Weight, isFirst ? score : 0,
                [
                    new Evidence($"{change.What}, {(before > TimeSpan.Zero ? $"{(int)before.TotalSeconds} s before it began" : "just as it began")}") { At = change.At },
                    .. blame.CallsMore is { } more ? [Evidence.Of($"{blame.Node.Id} → {more} calls", seen.Of(new Ingest.EdgeKey(blame.Node.Id, more), Figure.Rate))] : Array.Empty<Evidence>(),
                    .. blame.Why,
                ]);
        }

        return near.Any(c => c.Change.Kind != ChangeKind.Scale && c.Score >= 0.6);
    }

    static double Score(SeenChange change, DateTimeOffset since)
    {
        var late = Math.Clamp((since - change.At - Thresholds.ChangeAtOnce) / (Thresholds.ChangeBefore - Thresholds.ChangeAtOnce), 0, 1);
        return (change.Kind == ChangeKind.Scale ? 0.5 : 0.95) * (1 - (0.8 * late));
    }
}
