namespace Mainstay.Observe.Correlate;

/// <summary>What in a database, cache, queue or anything outside can be the cause. Pure.</summary>
static class StoreSuspects
{
    /// <summary>The part of its probes that a server answers at least.</summary>
    public const double Silent = 0.75;

    public static void Add(Picture seen, Blame blame, Suspects suspects)
    {
        var node = blame.Node;
        if (node.Kind == SeenKind.External)
        {
            suspects.Add(CauseKind.External, $"external/{node.Id}", blame.Weight, 0.7, blame.Why);
            return;
        }

        if (IsDown(seen, blame, suspects))
        {
            return;
        }

        // A caller that stands still holds what it has locked, and all that it waits for looks slow; so does what waits for a processor.
        var caller = blame.Path.Count >= 2 ? seen.Nodes.GetValueOrDefault(blame.Path[^2]) : null;
        var isHeld = StandsStill(seen, blame, caller, suspects) | HostSuspects.AddStarved(seen, blame, caller, suspects);
        var rest = isHeld ? blame with { Weight = blame.Weight * Thresholds.CallerStandsStill } : blame;
        var others = suspects.Count;
        Server(seen, node, rest.Weight, 1, rest.Why, suspects);
        if (node.Kind == SeenKind.Database && rest.Path.Count > 1)
        {
            Statements(seen, rest, suspects);
        }

        if (suspects.Count == others)
        {
            suspects.Add(CauseKind.SlowStore, Target(node), rest.Weight, 0.5, rest.Why);
        }
    }

    static bool StandsStill(Picture seen, Blame blame, SeenNode? caller, Suspects suspects)
    {
        if (caller is null)
        {
            return false;
        }

        var paused = caller.Instances.Select(i => (Instance: i, Gc: seen.Of(Subjects.Instance(i.Name), Figure.GcPaused))).Where(i => i.Gc.Reached(Thresholds.GcPaused)).ToList();
        foreach (var (instance, gc) in paused)
        {
            suspects.Add(
                CauseKind.Gc, Subjects.Service(caller.Id), blame.Weight / caller.Instances.Count, ServiceSuspects.GcScore(gc),
                [Evidence.Of($"{instance.Name} stands still for collections", gc), .. blame.Why]);
        }

        return paused.Count > 0;
    }

    /// <summary>What a service's own trouble can have to do with servers that no trace leads to.</summary>
    public static void AddUnlinked(Picture seen, Blame blame, Suspects suspects)
    {
        var traced = seen.From(blame.Node.Id).Select(e => e.To).Where(to => seen.Nodes.TryGetValue(to, out var n) && n.IsStore).ToHashSet(StringComparer.Ordinal);
        if (traced.Count > 0)
        {
            return;
        }

        foreach (var store in seen.Nodes.Values.Where(n => n is { IsStore: true, Probe: not null }).OrderBy(n => n.Id, StringComparer.Ordinal))
        {
            var up = seen.Of(Subjects.Probe(store.Probe!), Figure.Up);
            if (IsSilent(up))
            {
                suspects.Add(DownKind(store.Kind), Target(store), blame.Weight, 0.65, new Evidence($"{store.Probe} does not answer its probe; no trace says that {blame.Node.Id} uses it"));
            }
            else
            {
                Server(seen, store, blame.Weight, 0.7, [new($"no trace says that {blame.Node.Id} uses {store.Probe}")], suspects);
            }
        }
    }

    /// <summary>Whether a server does not answer its probe, and did before: one that never did is probed wrongly.</summary>
    public static bool IsSilent(Deviation up) => up is { IsKnown: true, Now: < Silent } && (!up.HasBaseline || up.Before > 0.5);

    public static string Target(SeenNode node) => $"{node.Kind.ToString().ToLowerInvariant()}/{node.Probe ?? node.Id}";

    static bool IsDown(Picture seen, Blame blame, Suspects suspects)
    {
        var node = blame.Node;
        var up = node.Probe is { } probe ? seen.Of(Subjects.Probe(probe), Figure.Up) : Deviation.Unknown(Figure.Up);
        var isGone = node is { Wanted: > 0, Ready: 0 };
        if (isGone || IsSilent(up))
        {
            suspects.Add(DownKind(node.Kind), Target(node), blame.Weight, 0.97, [new Evidence(isGone ? $"{node.Id} has no instance that is ready" : $"{node.Probe} does not answer its probe"), .. blame.Why]);
            return true;
        }

        var failing = seen.To(node.Id).Select(e => seen.Of(e, Figure.ErrorRatio)).Where(e => e.Rose && e.Now >= 0.5).ToList();
        if (failing.Count > 0 && up is not { IsKnown: true })
        {
            suspects.Add(DownKind(node.Kind), Target(node), blame.Weight, 0.8, blame.Why);
            return true;
        }

        return false;
    }

    static void Server(Picture seen, SeenNode node, double weight, double sure, IReadOnlyList<Evidence> why, Suspects suspects)
    {
        if (node.Probe is not { } probe)
        {
            return;
        }

        var subject = Subjects.Probe(probe);
        var (locks, longest) = (seen.Of(subject, Figure.WaitingLocks), seen.Of(subject, Figure.LongestTransaction));
        if (locks.Reached(1))
        {
            IEnumerable<Evidence> held = longest.Rose ? [Evidence.Of($"{probe} longest transaction", longest)] : [];
            suspects.Add(CauseKind.RowLock, Target(node), weight, 0.95 * sure, [Evidence.Of($"{probe} transactions that wait for locks", locks), .. held, .. why]);
        }

        var share = seen.Of(subject, Figure.ConnectionShare);
        if (share.Reached(Thresholds.ConnectionShare))
        {
            suspects.Add(CauseKind.ConnectionPool, Target(node), weight, 0.85 * sure, [Evidence.Of($"{probe} connections taken", share), .. why]);
        }
    }

    // The statements of the caller: one that takes most of what is added, or all of them.
    static void Statements(Picture seen, Blame blame, Suspects suspects)
    {
        var caller = blame.Path[^2];
        var all = seen.Statements.Where(s => s.Service == caller)
            .Select(s => (Statement: s, Rate: seen.Of(Subjects.Statement(caller, s.Text), Figure.Rate), Mean: seen.Of(Subjects.Statement(caller, s.Text), Figure.MeanMs)))
            .Where(s => s.Mean.IsKnown && s.Rate is { IsKnown: true, Now: > 0 })
            .Select(s => (s.Statement, s.Mean, Added: s.Rate.Now * (s.Mean.HasBaseline ? s.Mean.Added : s.Mean.Now), IsSlower: s.Mean.HasBaseline ? s.Mean.Rose : s.Mean.Now >= Thresholds.SlowMs * 4))
            .Where(s => s.IsSlower && s.Added > 0)
            .OrderByDescending(s => s.Added).ThenBy(s => s.Statement.Text, StringComparer.Ordinal)
            .ToList();
        if (all.Count == 0)
        {
            return;
        }

        var (worst, mean, added) = (all[0].Statement, all[0].Mean, all[0].Added / all.Sum(s => s.Added));
        if (added >= 0.6)
        {
            suspects.Goes($"statement/{worst.Text}", Target(blame.Node));
            suspects.Add(
                CauseKind.SlowStatement, $"statement/{worst.Text}", blame.Weight, 0.6 + (0.25 * added),
                [Evidence.Of($"{caller} {worst.Text}", mean) with { Statement = worst.Text, Trace = worst.Exemplar }, .. blame.Why]);
        }
    }

    static CauseKind DownKind(SeenKind kind) => kind switch
    {
        SeenKind.Cache => CauseKind.CacheDown,
        SeenKind.Queue => CauseKind.QueueDown,
        _ => CauseKind.DatabaseDown,
    };
}
