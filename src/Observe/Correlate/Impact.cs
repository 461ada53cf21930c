namespace Mainstay.Observe.Correlate;

/// <summary>Which public APIs something hurts, or would hurt.</summary>
/// <param name="Target">As it was asked for, with its kind: <c>host/a</c>, <c>statement/SELECT …</c>.</param>
/// <param name="Apis">The one with most requests through it first.</param>
public sealed record Impact(string Target, IReadOnlyList<HurtApi> Apis)
{
    /// <summary>Of a statement: the operations whose requests ran it within five minutes, as every trace tells; null of anything else.</summary>
    public IReadOnlyList<Numbers.StatementPath>? Paths { get; init; }
}

/// <summary>A public API that goes through a target.</summary>
/// <param name="Route">Its name.</param>
/// <param name="Share">Which part of its requests comes there, 0 to 1, by the rates of the calls between.</param>
/// <param name="RequestsPerSecond">Of the route altogether.</param>
/// <param name="AddedP99Ms">By how much the slowest of 100 takes longer than usual; 0 where not, or where it is not known yet.</param>
/// <param name="ErrorRatio">Of the route altogether.</param>
public sealed record HurtApi(string Route, double Share, double RequestsPerSecond, double AddedP99Ms, double ErrorRatio);

/// <summary>Answers who is hurt: follows calls from the routes down to a target. Pure.</summary>
public static class ImpactOf
{
    /// <summary>The kind and name of what was asked for; null where there is no such thing.</summary>
    /// <param name="text"><c>host/NAME</c>, <c>instance/NAME</c>, <c>service/NAME</c>, <c>queue/NAME</c>, <c>database/NAME</c>, <c>statement/TEXT</c>, or the name alone, or a part of a statement.</param>
    public static string? Resolve(Picture seen, string text)
    {
        var (kind, name) = text.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? (text[..at], text[(at + 1)..]) : ("", text);
        var node = seen.Named(kind is "service" or "database" or "cache" or "queue" or "external" ? name : text);
        return kind switch
        {
            "host" when HasHost(seen, name) => text,
            "instance" when HasInstance(seen, name) => text,
            "statement" => Statement(seen, name),
            _ when node is not null => node.Kind == SeenKind.Service ? Subjects.Service(node.Id) : $"{node.Kind.ToString().ToLowerInvariant()}/{node.Id}",
            _ when HasHost(seen, text) => Subjects.Host(text),
            _ when HasInstance(seen, text) => Subjects.Instance(text),
            _ => Statement(seen, text),
        };
    }

    /// <summary>The APIs that go through a target that <see cref="Resolve"/> gave.</summary>
    public static Impact Of(Picture seen, string target)
    {
        var at = target.IndexOf('/', StringComparison.Ordinal);
        var (kind, name) = (target[..at], target[(at + 1)..]);
        var own = Shares(seen, kind, name);
        var known = new Dictionary<string, double>(StringComparer.Ordinal);
        var apis = new List<HurtApi>();
        foreach (var route in seen.Routes)
        {
            var rate = seen.Of(Subjects.Route(route.Name), Figure.Rate);
            var share = route.To.Select(to => Reach(to, 0)).DefaultIfEmpty().Max();
            if (share > 0.0005)
            {
                var tail = seen.Of(Subjects.Route(route.Name), Figure.P99Ms);
                apis.Add(new(
                    route.Name, Math.Round(Math.Min(1, share), 3), Shown(rate.Now), tail.Rose ? Shown(tail.Added) : 0, Shown(seen.Of(Subjects.Route(route.Name), Figure.ErrorRatio).Now)));
            }
        }

        return new(target, [.. apis.OrderByDescending(a => a.Share * a.RequestsPerSecond).ThenBy(a => a.Route, StringComparer.Ordinal)]);

        // The part of a node's requests that comes to the target: its own, or by way of what it calls.
        double Reach(string node, int depth)
        {
            if (known.TryGetValue(node, out var done))
            {
                return done;
            }

            // A cycle must not count itself.
            known[node] = own.GetValueOrDefault(node);
            if (depth >= Thresholds.MostDepth || own.GetValueOrDefault(node) >= 1)
            {
                return known[node];
            }

            var served = seen.Of(Subjects.Service(node), Figure.Rate);
            var missed = 1 - own.GetValueOrDefault(node);
            foreach (var edge in seen.From(node).Where(e => e.To != node))
            {
                var calls = seen.Of(edge, Figure.Rate);
                var perRequest = calls.IsKnown && served is { IsKnown: true, Now: > 0 } ? Math.Min(1, calls.Now / served.Now) : 0;
                missed *= 1 - (perRequest * Reach(edge.To, depth + 1));
            }

            return known[node] = 1 - missed;
        }
    }

    // The part of each node's own requests that is the target's.
    static Dictionary<string, double> Shares(Picture seen, string kind, string name) => kind switch
    {
        "host" => ByInstances(seen, i => i.Host == name),
        "instance" => ByInstances(seen, i => i.Name == name),
        "statement" => seen.Statements.Where(s => s.Text == name).ToDictionary(
            s => s.Service, s => Math.Min(1, Ratio(seen.Of(Subjects.Statement(s.Service, s.Text), Figure.Rate), seen.Of(Subjects.Service(s.Service), Figure.Rate))), StringComparer.Ordinal),
        "queue" => Queue(seen, name),
        _ => new(StringComparer.Ordinal) { [seen.Named(name)?.Id ?? name] = 1 },
    };

    // Who sends to a queue is reached by its edge; who waits for what is taken from it does so through the consumer.
    static Dictionary<string, double> Queue(Picture seen, string name) => new(StringComparer.Ordinal) { [seen.Named(name)?.Id ?? name] = 1 };

    static Dictionary<string, double> ByInstances(Picture seen, Func<SeenInstance, bool> which)
    {
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var node in seen.Nodes.Values.Where(n => n.Instances.Any(which)))
        {
            var rates = node.Instances.Select(i => (IsMeant: which(i), Rate: seen.Of(Subjects.Instance(i.Name), Figure.Rate) is { IsKnown: true, Now: var now } ? now : 0)).ToList();
            var all = rates.Sum(r => r.Rate);

            // Without traffic the instances themselves are counted.
            shares[node.Id] = all > 0 ? rates.Where(r => r.IsMeant).Sum(r => r.Rate) / all : (double)rates.Count(r => r.IsMeant) / rates.Count;
        }

        return shares;
    }

    static bool HasHost(Picture seen, string name) => seen.Nodes.Values.Any(n => n.Instances.Any(i => i.Host == name));

    static bool HasInstance(Picture seen, string name) => seen.Nodes.Values.Any(n => n.Instances.Any(i => i.Name == name));

    static string? Statement(Picture seen, string text)
    {
        var found = seen.Statements.FirstOrDefault(s => s.Text == text) ?? seen.Statements.FirstOrDefault(s => s.Text.Contains(text, StringComparison.OrdinalIgnoreCase));
        return found is null ? null : $"statement/{found.Text}";
    }

    static double Ratio(Deviation part, Deviation whole) => part.IsKnown && whole is { IsKnown: true, Now: > 0 } ? part.Now / whole.Now : 0;

    static double Shown(double value) => double.IsFinite(value) ? Math.Round(value, 3) : 0;
}
