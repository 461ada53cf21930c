namespace Mainstay.Observe.Correlate;

/// <summary>Whether something was changed shortly before the trouble began. Pure.</summary>
static class ChangeSuspects
{
    /// <returns>Whether a change of the node explains it.</returns>
    public static bool Add(Picture seen, Blame blame, DateTimeOffset since, Suspects suspects)
    {
        var near = seen.Changes.Where(c => c.Service == blame.Node.Id && since - c.At <= Thresholds.ChangeBefore && c.At - since <= Thresholds.ChangeAfter).ToList();
        foreach (var change in near)
        {
            var before = since - change.At;
            var late = Math.Clamp((before - Thresholds.ChangeAtOnce) / (Thresholds.ChangeBefore - Thresholds.ChangeAtOnce), 0, 1);
            var score = (change.Kind == ChangeKind.Scale ? 0.5 : 0.95) * (1 - (0.8 * late));
            suspects.Add(
                change.Kind == ChangeKind.Intervention ? CauseKind.Intervention : CauseKind.Change, Subjects.Service(blame.Node.Id), blame.Weight, score,
                [
                    new Evidence($"{change.What}, {(before > TimeSpan.Zero ? $"{(int)before.TotalSeconds} s before it began" : "just as it began")}") { At = change.At },
                    .. blame.CallsMore is { } more ? [Evidence.Of($"{blame.Node.Id} → {more} calls", seen.Of(new Ingest.EdgeKey(blame.Node.Id, more), Figure.Rate))] : Array.Empty<Evidence>(),
                    .. blame.Why,
                ]);
            if (change.Kind != ChangeKind.Scale && score >= 0.6)
            {
                return true;
            }
        }

        return false;
    }
}
