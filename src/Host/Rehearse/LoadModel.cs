namespace Mainstay.Host.Rehearse;

/// <summary>What becomes of requests, as shares of them, 0 to 1.</summary>
/// <param name="Fails">Answered with an error, or not at all.</param>
/// <param name="Waits">Answered late.</param>
/// <param name="Lesser">Answered with less: by a fallback, or without what is optional.</param>
public readonly record struct Harm(double Fails, double Waits, double Lesser)
{
    public bool IsNone => Fails <= 0 && Waits <= 0 && Lesser <= 0;

    /// <summary>Of requests that meet one thing after the other.</summary>
    public static Harm Both(in Harm a, in Harm b)
    {
        var fails = Either(a.Fails, b.Fails);
        var left = 1 - fails;
        return new(fails, Math.Min(left, Either(a.Waits, b.Waits)), Math.Min(left, Either(a.Lesser, b.Lesser)));
    }

    /// <summary>Of a part of the requests.</summary>
    public Harm Part(double portion) => new(Fails * portion, Waits * portion, Lesser * portion);

    static double Either(double a, double b) => 1 - ((1 - a) * (1 - b));
}

/// <summary>A service at one moment, as the load model sees it.</summary>
public sealed record LoadedService
{
    public required string Name { get; init; }

    /// <summary>Instances that gateways send requests to and that answer.</summary>
    public int Answering { get; init; }

    /// <summary>Instances that gateways send requests to and that are gone.</summary>
    public int Gone { get; init; }

    /// <summary>Whether requests are held until one is started.</summary>
    public bool IsOnDemand { get; init; }

    /// <summary>Whether nothing of it is wanted: nobody expects an answer.</summary>
    public bool IsOff { get; init; }

    /// <summary>What its requests ask of its instances, as a multiple of what these have; null where that is not known.</summary>
    public double? Use { get; init; }

    /// <summary>How busy its instances were at the beginning, 0 to 1; null where that is not known.</summary>
    public double? UseBefore { get; init; }

    /// <summary>The share of its requests that its software fails beyond what is usual, 0 to 1.</summary>
    public double Faulty { get; init; }

    /// <summary>How many times as long its software takes.</summary>
    public double Slower { get; init; } = 1;

    /// <summary>How long a request takes in it alone, without what it calls, in milliseconds.</summary>
    public double OwnMs { get; init; }

    public IReadOnlyList<LoadedCall> Calls { get; init; } = [];

    /// <summary>The share of gateways' picks that meet an instance that is gone.</summary>
    public double GoneShare => Answering + Gone == 0 ? 0 : (double)Gone / (Answering + Gone);
}

/// <summary>A way to a service: from another one, or from a route.</summary>
public sealed record LoadedCall
{
    public required string To { get; init; }

    /// <summary>How many of the caller's requests make it, 0 to 1.</summary>
    public double Portion { get; init; } = 1;

    /// <summary>Whether the caller does without.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether an answer stands in.</summary>
    public bool HasFallback { get; init; }

    /// <summary>A service that stands in; null for none.</summary>
    public string? FallbackService { get; init; }

    /// <summary>How often it is tried to connect.</summary>
    public int Attempts { get; init; } = 2;
}

/// <summary>
/// Follows failures through the needs of services. Pure. A request fails where nobody answers and nothing stands in; it waits where an instance that is gone is tried before another one, where instances are asked for
/// more than they have, and where a service is started for it.
/// </summary>
public sealed class LoadModel(IReadOnlyDictionary<string, LoadedService> services)
{
    // Beyond this nobody waits for an answer.
    const double MostStretch = 20;

    static readonly LoadedCall Plain = new() { To = "" };

    readonly Dictionary<string, Harm> known = new(StringComparer.Ordinal);
    readonly Dictionary<string, double> latencies = new(StringComparer.Ordinal);
    readonly HashSet<string> open = new(StringComparer.Ordinal);

    /// <summary>What becomes of the requests to a service, whoever sends them.</summary>
    public Harm Of(string service) => services.TryGetValue(service, out var of) ? Meet(of, Plain) : default;

    /// <summary>What becomes of the requests that take a way, before anything stands in.</summary>
    public Harm Met(LoadedCall call) => services.TryGetValue(call.To, out var of) ? Meet(of, call) : default;

    /// <summary>What becomes of the requests that take a way, for who sends them.</summary>
    public Harm Through(LoadedCall call)
    {
        if (!services.TryGetValue(call.To, out var callee))
        {
            return default;
        }

        var harm = Meet(callee, call);
        if (call.FallbackService is { } other)
        {
            var second = Of(other);
            harm = new(harm.Fails * second.Fails, harm.Waits, Math.Min(1, harm.Lesser + (harm.Fails * (1 - second.Fails))));
        }
        else if (call.HasFallback || call.IsOptional)
        {
            harm = new(0, harm.Waits, Math.Min(1, harm.Lesser + harm.Fails));
        }

        return harm.Part(call.Portion);
    }

    /// <summary>Through which of its needs a service is hurt the most; null where it is hurt by itself, or not at all.</summary>
    public string? Way(LoadedService service) => service.Calls
        .Select(c => (c.To, Harm: Through(c))).Where(c => !c.Harm.IsNone && Own(service).Fails < c.Harm.Fails + c.Harm.Lesser)
        .OrderByDescending(c => c.Harm.Fails).ThenByDescending(c => c.Harm.Lesser).ThenBy(c => c.To, StringComparer.Ordinal).Select(c => c.To).FirstOrDefault();

    /// <summary>How long a request to a service takes, with what it calls, in milliseconds; 0 where that is not known.</summary>
    public double Latency(string service)
    {
        if (latencies.TryGetValue(service, out var ms))
        {
            return ms;
        }

        if (!services.TryGetValue(service, out var of) || !open.Add(service))
        {
            return 0;
        }

        ms = (of.OwnMs * Stretch(of)) + of.Calls.Sum(c => c.Portion * Latency(c.To));
        open.Remove(service);
        return latencies[service] = ms;
    }

    /// <summary>How many times as long as at the beginning a service takes by itself: what is busier answers later, as a single line before its instances would.</summary>
    public static double Stretch(LoadedService service) => service.Slower * (service is { Use: { } use, UseBefore: { } before } && use > before
        ? use >= 1 ? MostStretch : Math.Clamp((1 - Math.Min(before, 0.95)) / (1 - use), 1, MostStretch)
        : 1);

    // What the service does to a request once an instance has it.
    static Harm Own(LoadedService service)
    {
        if (service.IsOff)
        {
            return default;
        }

        if (service.Answering == 0)
        {
            return service.IsOnDemand ? new(0, 1, 0) : new(1, 0, 0);
        }

        return new(service.Faulty, service.Use > 1 ? 1 - (1 / service.Use.Value) : 0, 0);
    }

    Harm Meet(LoadedService service, LoadedCall call)
    {
        var gone = service.Answering == 0 ? 0 : service.GoneShare;
        var never = Math.Pow(gone, Math.Max(1, call.Attempts));
        return Harm.Both(new(never, Math.Max(0, gone - never), 0), Inside(service));
    }

    // With all that it needs. A cycle of needs adds nothing to what its members do by themselves.
    Harm Inside(LoadedService service)
    {
        if (known.TryGetValue(service.Name, out var found))
        {
            return found;
        }

        var harm = Own(service);
        if (!open.Add(service.Name))
        {
            return harm;
        }

        foreach (var call in service.Calls)
        {
            harm = Harm.Both(harm, Through(call));
        }

        open.Remove(service.Name);
        return known[service.Name] = harm;
    }
}
