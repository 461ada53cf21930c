using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Ingest;
using Mainstay.Tests.Scenarios;

namespace Mainstay.Tests.Observe;

/// <summary>
/// A system of which only the figures exist:
/// <code>
/// system                                      begins anew, with lines of what there is
///   service web critical web-1@a web-2@b      a service and its instances
///   database postgresql/shop [probe shop-db]  also cache, queue, external
///   route shop web                            a public API and its services
///   edge gateway web rate=50 mean=20 errors=0 calls
///   set host/a cpu=0.3                        any figure of any subject
///   statement orders rate=20 mean=4 SELECT …  a statement of a service
/// run 10m [noise]                             time goes on; noise is a part, 0.05 if not given
/// now                                         from here on other lines hold; also:
///   change web release 1.1.0 began to serve   a change: release, scale or intervention
///   down orders / up orders                   no instance is ready, or all are
///   dice 7 0.02                               chance begins anew from a seed; each figure is three times as much in such a part of the steps
/// symptoms · why SUBJECT · impact TARGET      what is found
/// incidents                                   what came of it so far
/// </code>
/// </summary>
sealed class SyntheticSystem
{
    const int Second = 1_800_000_000;

    readonly Dictionary<string, SeenNode> nodes = [];
    readonly Dictionary<string, SeenRoute> routes = [];
    readonly Dictionary<EdgeKey, Dictionary<Figure, double>> edges = [];
    readonly Dictionary<(string Subject, Figure Figure), double> set = [];
    readonly List<SeenStatement> statements = [];
    readonly List<SeenChange> changes = [];
    readonly SortedDictionary<string, Incident> incidents = new(StringComparer.Ordinal);
    readonly StringBuilder told = new();
    IncidentDesk desk = new();
    FigureHistory figures = new();
    Random dice = new(1);
    double spikes;
    long second = Second;

    public string Play(ScenarioStep step)
    {
        switch (step.Words[0])
        {
            case "system":
                Reset();
                goto case "now";
            case "now":
                foreach (var line in step.Input.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    Take(line, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                }

                return "";
            case "run":
                Durations.TryParse(step.Words[1], out var span);
                Run((int)span.TotalSeconds, step.Words.Length > 2 ? Number(step.Words[2]) : 0.05);
                return "";
            case "symptoms":
                return string.Join('\n', SymptomFinder.All(Picture()).Select(s => $"{s.Subject} since {At(s.Since)}: {s.Text}").DefaultIfEmpty("none"));
            case "why":
                return Diagnose.Asked(Picture(), step.Words[1]) is { } found ? Text(found) : "no such thing";
            case "incidents":
                var said = told.ToString();
                told.Clear();
                return said.Length == 0 ? "nothing new" : said;
            case "impact":
                return ImpactOf.Resolve(Picture(), step.Command["impact ".Length..]) is { } target ? Text(ImpactOf.Of(Picture(), target)) : "no such thing";
            default:
                throw new InvalidOperationException(step.Command);
        }
    }

    public Picture Picture() => new(FigureHistory.TimeOf(figures.Step), figures, nodes.Values, routes.Values, edges.Keys, changes, statements);

    void Reset()
    {
        nodes.Clear();
        routes.Clear();
        edges.Clear();
        set.Clear();
        statements.Clear();
        changes.Clear();
        incidents.Clear();
        told.Clear();
        desk = new();
        (figures, dice, second, spikes) = (new(), new(1), Second, 0);
    }

    void Take(string line, string[] words)
    {
        switch (words[0])
        {
            case "service":
                var instances = words[3..].Select(w => w.Split('@')).Select(w => new SeenInstance(w[0], w[1], "1.0.0", true)).ToList();
                nodes[words[1]] = new(words[1], SeenKind.Service, Enum.Parse<Criticality>(words[2], true), instances, instances.Count, instances.Count);
                break;
            case "database" or "cache" or "queue" or "external":
                nodes[words[1]] = new(words[1], Enum.Parse<SeenKind>(words[0], true), Criticality.Medium, [], Probe: words.Length > 3 ? words[3] : null);
                break;
            case "route":
                routes[words[1]] = new(words[1], Criticality.Medium, words[2..]);
                break;
            case "edge":
                var edge = edges.TryGetValue(new(words[1], words[2]), out var known) ? known : edges[new(words[1], words[2])] = [];
                Pairs(words[3..], (figure, value) => edge[figure] = value);
                break;
            case "set":
                Pairs(words[2..], (figure, value) => set[(words[1], figure)] = value);
                break;
            case "statement":
                var text = string.Join(' ', words[4..]);
                if (!statements.Exists(s => s.Service == words[1] && s.Text == text))
                {
                    statements.Add(new(words[1], text, "4bf92f3577b34da6a3ce929d0e0e4736"));
                }

                Pairs(words[2..4], (figure, value) => set[(Subjects.Statement(words[1], text), figure)] = value);
                break;
            case "change":
                changes.Add(new(DateTimeOffset.FromUnixTimeSeconds(second), words[1], Enum.Parse<ChangeKind>(words[2], true), string.Join(' ', words[3..])));
                break;
            case "down" or "up":
                nodes[words[1]] = nodes[words[1]] with { Ready = words[0] == "up" ? nodes[words[1]].Wanted : 0 };
                break;
            case "dice":
                (dice, spikes) = (new(int.Parse(words[1], CultureInfo.InvariantCulture)), Number(words[2]));
                break;
            default:
                throw new InvalidOperationException(line);
        }
    }

    void Run(int seconds, double noise)
    {
        for (var end = second + seconds; second < end;)
        {
            second += Thresholds.StepSeconds;
            figures.Begin(DateTimeOffset.FromUnixTimeSeconds(second));
            Step(noise);
            Look();
        }
    }

    void Look()
    {
        var seen = Picture();
        var found = SymptomFinder.All(seen).Select(s => new Found(s, Diagnose.Of(seen, s))).ToList();
        if (found.Count > 0)
        {
            figures.Distrust(found.Min(f => f.Symptom.Step));
        }

        foreach (var after in desk.Next(incidents.Values, found, seen.At))
        {
            var before = incidents.GetValueOrDefault(after.Name);
            incidents[after.Name] = after;
            if (before?.State != after.State || before.Key() != after.Key() || before.Symptoms.Count != after.Symptoms.Count)
            {
                told.Append(CultureInfo.InvariantCulture, $"{At(seen.At)} {after.Name[^1]} {after.State} {after.Criticality}: {after.Key()}; {string.Join(' ', after.Symptoms.Select(s => s.Subject))}; since {At(after.Began)}\n");
            }
        }
    }

    void Step(double noise)
    {
        foreach (var (edge, of) in edges)
        {
            Red(Subjects.Edge(edge.From, edge.To), of, noise);
        }

        foreach (var route in routes.Values)
        {
            Red(Subjects.Route(route.Name), Sum(edges.Where(e => e.Key.From == "gateway" && route.To.Contains(e.Key.To)).Select(e => e.Value)), noise);
        }

        foreach (var node in nodes.Values)
        {
            var served = Sum(edges.Where(e => e.Key.To == node.Id).Select(e => e.Value));
            Red(Subjects.Service(node.Id), served, noise);
            if (node.Wanted > 0)
            {
                figures.Add(Subjects.Service(node.Id), Figure.Up, node.Ready > 0 ? 1 : 0);
            }

            foreach (var instance in node.Instances)
            {
                // One that nobody asks has a rate, and nothing else.
                if (set.GetValueOrDefault((Subjects.Instance(instance.Name), Figure.Rate), 1) == 0)
                {
                    continue;
                }

                Red(Subjects.Instance(instance.Name), new(served) { [Figure.Rate] = served.GetValueOrDefault(Figure.Rate) / node.Instances.Count }, noise);
            }
        }

        foreach (var ((subject, figure), value) in set.Where(s => s.Key.Figure is not (Figure.MeanMs or Figure.P99Ms or Figure.ErrorRatio) || set.GetValueOrDefault((s.Key.Subject, Figure.Rate), 1) > 0))
        {
            figures.Add(subject, figure, Noisy(value, figure is Figure.Up or Figure.Consumers ? 0 : noise));
        }
    }

    void Red(string subject, Dictionary<Figure, double> of, double noise)
    {
        if (of.Count == 0)
        {
            return;
        }

        figures.Add(subject, Figure.Rate, Noisy(of[Figure.Rate], noise));
        if (of[Figure.Rate] > 0)
        {
            var mean = Noisy(of.GetValueOrDefault(Figure.MeanMs), noise);
            figures.Add(subject, Figure.MeanMs, mean);
            figures.Add(subject, Figure.P99Ms, of.TryGetValue(Figure.P99Ms, out var tail) ? Noisy(tail, noise) : Noisy(3 * mean, noise));
            figures.Add(subject, Figure.ErrorRatio, Math.Min(1, Noisy(of.GetValueOrDefault(Figure.ErrorRatio), noise)));
        }
    }

    double Noisy(double value, double noise) => (spikes > 0 && dice.NextDouble() < spikes ? 3 : 1) * value * Math.Max(0, 1 + (noise * Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble())));

    static Dictionary<Figure, double> Sum(IEnumerable<Dictionary<Figure, double>> all)
    {
        var parts = all.ToList();
        var rate = parts.Sum(p => p[Figure.Rate]);
        double Weighted(Figure figure) => rate > 0 ? parts.Sum(p => p[Figure.Rate] * p.GetValueOrDefault(figure)) / rate : 0;
        return parts.Count == 0 ? [] : new() { [Figure.Rate] = rate, [Figure.MeanMs] = Weighted(Figure.MeanMs), [Figure.ErrorRatio] = Weighted(Figure.ErrorRatio) };
    }

    static void Pairs(IEnumerable<string> words, Action<Figure, double> put)
    {
        foreach (var word in words.Select(w => w.Split('=')))
        {
            put(word[0] switch { "mean" => Figure.MeanMs, "errors" => Figure.ErrorRatio, "p99" => Figure.P99Ms, _ => Enum.Parse<Figure>(word[0], true) }, Number(word[1]));
        }
    }

    static string Text(Diagnosis found)
    {
        if (found.Symptom is null)
        {
            return "no symptom";
        }

        var text = new StringBuilder($"{found.Symptom}, since {At(found.Since!.Value)}\n");
        foreach (var cause in found.Causes)
        {
            text.Append(CultureInfo.InvariantCulture, $"{cause.Kind} {cause.Target} {cause.Confidence}\n");
            foreach (var evidence in cause.Evidence)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {evidence.Text}{(evidence.Trace is null ? "" : " (trace)")}\n");
            }
        }

        return text.ToString();
    }

    static string Text(Impact impact) =>
        impact.Target + string.Concat(impact.Apis.Select(a => string.Create(CultureInfo.InvariantCulture, $"\n  {a.Route}: {a.Share} of {Math.Round(a.RequestsPerSecond)}/s, p99 +{Math.Round(a.AddedP99Ms)} ms, errors {Math.Round(a.ErrorRatio, 2)}")));

    static string At(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{at.ToUnixTimeSeconds() - Second}s");

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
