namespace Mainstay.Observe.Correlate;

/// <summary>
/// Answers why: takes the symptom, walks from it to where the added time or the errors come from, and weighs what could be the cause there. Each answer is made of
/// what was measured; where nothing explains it, it says so. Pure.
/// </summary>
public static class Diagnose
{
    /// <summary>Why what somebody names is not well; null where there is nothing of that name. A bare name may be a service and a route at once: the one that is not well is meant.</summary>
    /// <param name="of">A name, or one with its kind, as in <see cref="Why"/>.</param>
    public static Diagnosis? Asked(Picture seen, string of) => Meant(seen, of).Select(s => Why(seen, s)).OrderBy(d => d.Symptom is null ? 1 : 0).FirstOrDefault();

    static IEnumerable<string> Meant(Picture seen, string of)
    {
        var (kind, name) = of.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? (of[..at], of[(at + 1)..]) : ("", of);
        if (kind is "" or "route" && seen.Routes.Any(r => r.Name == name))
        {
            yield return $"route/{name}";
        }

        if (kind is "" or "service" && seen.Nodes.TryGetValue(name, out var node) && node.Kind == SeenKind.Service)
        {
            yield return Subjects.Service(name);
        }

        // What only traces name has a stroke in its own name: `postgresql/shop`.
        if ((seen.Named(of) ?? (kind is "database" or "cache" or "queue" or "external" ? seen.Named(name) : null)) is { Kind: not SeenKind.Service } callee)
        {
            yield return SubjectOf(callee);
        }
    }

    /// <summary>Why something is not well; no symptom where it is.</summary>
    /// <param name="subject"><c>service/NAME</c>, <c>route/NAME</c>, <c>queue/NAME</c>, <c>database/NAME</c>, <c>cache/NAME</c> or <c>external/NAME</c>.</param>
    public static Diagnosis Why(Picture seen, string subject)
    {
        var (kind, name) = Split(subject);
        var symptom = kind == "route" ? SymptomFinder.OfRoute(seen, name) : seen.Named(name) is { } node ? SymptomFinder.OfNode(seen, node) ?? SymptomFinder.OfCallee(seen, node) : null;
        return symptom is null ? new(null, null, []) : Of(seen, symptom);
    }

    /// <summary>Why there is a symptom.</summary>
    public static Diagnosis Of(Picture seen, Symptom symptom)
    {
        var suspects = new Suspects();
        var blamed = symptom.Kind == SymptomKind.Outlier && seen.Nodes.TryGetValue(Split(symptom.Subject).Name, out var own)
            ? [new Blame(own, 1, [own.Id], [])]
            : Callee(seen, symptom) is { } callee ? BlameWalk.Above(seen, callee)
            : BlameWalk.From(seen, Starts(seen, symptom));
        if (symptom.Kind == SymptomKind.Backlog)
        {
            Queue(seen, Split(symptom.Subject).Name, suspects);
        }

        foreach (var blame in blamed)
        {
            Weigh(seen, blame, symptom, suspects);
        }

        if (suspects.Has(CauseKind.Surge))
        {
            // More requests need more processor time: the one is the cause of the other.
            suspects.Lessen(CauseKind.Cpu, 0.7);
            suspects.Lessen(CauseKind.ThreadPool, 0.8);
        }

        if (suspects.Has(CauseKind.Gc))
        {
            suspects.Lessen(CauseKind.Cpu, 0.7);
        }

        HostSuspects.AddBurners(seen, suspects);
        var causes = suspects.Ranked();
        return new(symptom.Text, symptom.Since, causes.Count > 0 ? causes : [Unknown(seen, blamed, symptom)]);
    }

    // A queue's backlog is felt by who takes from it, all other trouble of what is no service by who calls it.
    static SeenNode? Callee(Picture seen, Symptom symptom) =>
        symptom.Kind != SymptomKind.Backlog && Split(symptom.Subject) is { Kind: "database" or "cache" or "queue" or "external", Name: var name } ? seen.Named(name) : null;

    static void Weigh(Picture seen, Blame blame, Symptom symptom, Suspects suspects)
    {
        if (blame.Node.Kind != SeenKind.Service)
        {
            StoreSuspects.Add(seen, blame, suspects);
            return;
        }

        // What a change has done shows in processors, pools and locks as well: those are then how, not why.
        var isChanged = ChangeSuspects.Add(seen, blame, symptom.Since, suspects);
        var lesser = isChanged ? blame with { Weight = blame.Weight * 0.7 } : blame;
        ServiceSuspects.Add(seen, lesser, suspects);
        HostSuspects.Add(seen, lesser, suspects);
        StoreSuspects.AddUnlinked(seen, lesser, suspects);
    }

    // Where the walk begins: at the services behind a route, by how many requests go there, or at who takes from a queue.
    static IReadOnlyList<(string Node, double Weight)> Starts(Picture seen, Symptom symptom)
    {
        var (kind, name) = Split(symptom.Subject);
        if (kind == "service")
        {
            return [(name, 1)];
        }

        var to = kind == "route" ? seen.Routes.FirstOrDefault(r => r.Name == name)?.To ?? [] : [.. seen.From(name).Select(e => e.To)];
        var rates = to.Select(t => Math.Max(0.01, seen.Of(Subjects.Service(t), Figure.Rate) is { IsKnown: true, Now: var now } ? now : 0)).ToList();
        return [.. to.Zip(rates, (t, r) => (t, r / rates.Sum()))];
    }

    static void Queue(Picture seen, string queue, Suspects suspects)
    {
        var subject = Subjects.Service(queue);
        var (consumers, rate, backlog) = (seen.Of(subject, Figure.Consumers), seen.Of(subject, Figure.Rate), seen.Of(subject, Figure.Backlog));
        var takers = seen.From(queue).Select(e => e.To).ToList();
        if (takers.FirstOrDefault(t => seen.Nodes.TryGetValue(t, out var n) && n is { Wanted: > 0, Ready: 0 }) is { } gone)
        {
            suspects.Add(CauseKind.ServiceDown, Subjects.Service(gone), 1, 0.95, new Evidence($"{gone}, which takes from {queue}, has no instance that is ready"), Evidence.Of($"{queue} messages", backlog));
        }
        else if (consumers is { IsKnown: true, Now: < 0.5 })
        {
            suspects.Add(CauseKind.Backlog, $"queue/{queue}", 1, 0.9, Evidence.Of($"{queue} consumers", consumers), Evidence.Of($"{queue} messages", backlog));
        }

        if (rate.HasBaseline && rate.Reached(1, rate.Before * (Thresholds.Surge - 1)))
        {
            suspects.Add(CauseKind.Surge, $"queue/{queue}", 1, 0.8, Evidence.Of($"messages sent to {queue}", rate), Evidence.Of($"{queue} messages", backlog));
        }

        suspects.Add(CauseKind.Backlog, $"queue/{queue}", 1, 0.5, Evidence.Of($"{queue} messages", backlog), Evidence.Of($"{queue} delivered", seen.Of(subject, Figure.Delivered)));
    }

    static Cause Unknown(Picture seen, IReadOnlyList<Blame> blamed, Symptom symptom)
    {
        var at = blamed.Count > 0 ? blamed[0] : null;
        List<Evidence> evidence = [new($"not known: nothing that was looked at {(at is null ? "" : $"in {at.Node.Id} ")}differs enough from what is usual")];
        evidence.AddRange(at?.Why ?? []);
        if (at is { Node.Kind: SeenKind.Service })
        {
            evidence.AddRange(at.Node.Instances.Select(i => i.Host).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(h => (Host: h, Cpu: seen.Of(Subjects.Host(h), Figure.Busy))).Where(h => h.Cpu.IsKnown).Select(h => Evidence.Of($"{h.Host} processors busy", h.Cpu)));
        }

        return new(CauseKind.Unknown, at is null ? symptom.Subject : TargetOf(at.Node), 0, evidence);
    }

    /// <summary>A node as a subject, by its id: several queues may lie on one probed server.</summary>
    public static string SubjectOf(SeenNode node) => $"{node.Kind.ToString().ToLowerInvariant()}/{node.Id}";

    static string TargetOf(SeenNode node) => node.Kind switch
    {
        SeenKind.Service => Subjects.Service(node.Id),
        SeenKind.External => $"external/{node.Id}",
        _ => StoreSuspects.Target(node),
    };

    static (string Kind, string Name) Split(string subject) =>
        subject.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? (subject[..at], subject[(at + 1)..]) : ("service", subject);
}
