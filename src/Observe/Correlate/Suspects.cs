namespace Mainstay.Observe.Correlate;

/// <summary>Collects what could be the cause. What several nodes point at counts the more.</summary>
public sealed class Suspects
{
    readonly Dictionary<(CauseKind Kind, string Target), (double Confidence, List<Evidence> Evidence)> all = [];
    readonly Dictionary<string, string> stores = new(StringComparer.Ordinal);

    /// <summary>Adds one.</summary>
    /// <param name="weight">Which part of the trouble leads to where it is.</param>
    /// <param name="score">How well it explains that part: 0 to 1.</param>
    public void Add(CauseKind kind, string target, double weight, double score, params IEnumerable<Evidence> evidence)
    {
        var (confidence, known) = all.TryGetValue((kind, target), out var before) ? before : (0, []);
        known.AddRange(evidence.Where(e => !known.Any(k => k.Text == e.Text)));
        all[(kind, target)] = (Math.Min(0.99, confidence + (weight * score)), known);
    }

    /// <summary>Says to which database a statement goes.</summary>
    public void Goes(string target, string store) => stores[target] = store;

    /// <summary>Makes one kind less likely, where another explains it.</summary>
    public void Lessen(CauseKind kind, double factor)
    {
        foreach (var key in all.Keys.Where(k => k.Kind == kind).ToArray())
        {
            all[key] = (all[key].Confidence * factor, all[key].Evidence);
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => all.Count;

    public bool Has(CauseKind kind) => all.Keys.Any(k => k.Kind == kind);

    public bool Has(CauseKind kind, string target) => all.ContainsKey((kind, target));

    /// <summary>What of a kind is suspected, and how surely.</summary>
    public IReadOnlyList<(string Target, double Confidence)> Of(CauseKind kind) =>
        [.. all.Where(a => a.Key.Kind == kind).OrderBy(a => a.Key.Target, StringComparer.Ordinal).Select(a => (a.Key.Target, a.Value.Confidence))];

    /// <summary>The likeliest first.</summary>
    public IReadOnlyList<Cause> Ranked() =>
    [
        .. all.Where(a => a.Value.Confidence >= Thresholds.LeastConfidence)
            .OrderByDescending(a => a.Value.Confidence).ThenBy(a => a.Key.Kind).ThenBy(a => a.Key.Target, StringComparer.Ordinal)
            .Take(Thresholds.MostCauses)
            .Select(a => new Cause(a.Key.Kind, a.Key.Target, Math.Round(a.Value.Confidence, 2), a.Value.Evidence) { Store = stores.GetValueOrDefault(a.Key.Target) }),
    ];
}
