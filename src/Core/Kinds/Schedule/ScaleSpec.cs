namespace Mainstay.Core.Kinds.Schedule;

/// <summary>When a service gets more instances, and when fewer, within <c>instances</c>. In the manifest either this, or the processor time alone. What asks for most decides.</summary>
[PlainValueIs(nameof(Cpu))]
public sealed record ScaleSpec
{
    /// <summary>The most windows of time.</summary>
    public const int MostWindows = 20;

    /// <summary>Processor time per instance to keep to: of what <c>resources.cpu</c> or <c>container.cpu</c> gives where one is declared, of one processor otherwise. Default: it does not count. 1% to 100%.</summary>
    public Share? Cpu { get; init; }

    /// <summary>Memory per instance to keep to. Default: it does not count. At least 1Mi.</summary>
    public ByteSize? Memory { get; init; }

    /// <summary>Requests in flight per instance to keep to, as gateway and mesh see them. Default: they do not count. 0.1 to 100000.</summary>
    public double? Requests { get; init; }

    /// <summary>99th percentile of its answers to stay below. Default: it does not count. 1ms to 10m.</summary>
    public TimeSpan? P99 { get; init; }

    /// <summary>Messages that wait in a queue. Default: they do not count.</summary>
    public ScaleQueue? Queue { get; init; }

    /// <summary>Any figure that Observe can answer. Default: none.</summary>
    public ScaleQuery? Query { get; init; }

    /// <summary>Windows of time with bounds of their own. At most 20.</summary>
    public IReadOnlyList<ScaleWindow>? Schedule { get; init; }

    /// <summary>A figure so near to what is to be kept changes nothing. Default 10%; 0% to 50%.</summary>
    public Share Tolerance { get; init; } = Share.Percent(10);

    /// <summary>How long after any change no instance is taken away. Default 30s; 0s to 1h.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a wish has to last.</summary>
    public ScaleStabilisation Stabilisation { get; init; } = new();

    /// <summary>How far one change goes at most.</summary>
    public ScaleSteps Steps { get; init; } = new();

    /// <summary>Start what the last days' rhythm says will be needed, before it is. Default false.</summary>
    public bool Predict { get; init; }

    /// <summary>Where <c>instances.min</c> is 0: so long without a request, and it is stopped; the first request starts it again and waits for it. Default 5m; 5s to 24h.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(5);

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in ValidateFigures()
            .Concat(Stabilisation.Validate().Select(p => p.Under("stabilisation")))
            .Concat(Steps.Validate().Select(p => p.Under("steps")))
            .Concat(Queue?.Validate().Select(p => p.Under("queue")) ?? [])
            .Concat(Query?.Validate().Select(p => p.Under("query")) ?? [])
            .Concat((Schedule ?? []).Take(MostWindows).SelectMany((w, i) => w.Validate().Select(p => p.Under($"schedule.{i}"))))
            .Concat(Limits.Between("cooldown", Cooldown, TimeSpan.Zero, TimeSpan.FromHours(1)))
            .Concat(Limits.Between("idle", Idle, TimeSpan.FromSeconds(5), TimeSpan.FromHours(24))))
        {
            yield return problem;
        }

        if (Schedule is { Count: > MostWindows })
        {
            yield return new("schedule", $"there are {Schedule.Count} windows", $"keep at most {MostWindows}");
        }

        if (Tolerance.Fraction > 0.5)
        {
            yield return new("tolerance", $"{Tolerance} is outside 0% to 50%", "choose a share within");
        }
    }

    IEnumerable<Problem> ValidateFigures()
    {
        if (Cpu is { Fraction: < 0.01 })
        {
            yield return new("cpu", $"{Cpu} is outside 1% to 100%", "choose a share within");
        }

        if (Memory is { Bytes: < 1 << 20 })
        {
            yield return new("memory", $"{Memory} is less than 1Mi", "choose a larger size");
        }

        if (Requests is not null and not (>= 0.1 and <= 100_000))
        {
            yield return new("requests", "it is outside 0.1 to 100000", "choose a number within");
        }

        foreach (var problem in P99 is { } p99 ? Limits.Between("p99", p99, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10)) : [])
        {
            yield return problem;
        }
    }
}

/// <summary>Messages that wait, for a service that takes from a queue.</summary>
public sealed record ScaleQueue
{
    /// <summary>The queue's name.</summary>
    public required string Name { get; init; }

    /// <summary>So many messages may wait for each instance. 1 to 10000000.</summary>
    public required int PerInstance { get; init; }

    public IEnumerable<Problem> Validate() =>
        (Name is { Length: > 0 and <= 255 } && !Name.Any(char.IsControl) ? Enumerable.Empty<Problem>() : [new("name", "the queue's name is empty or longer than 255 characters", "name the queue")])
        .Concat(Limits.Between("perInstance", PerInstance, 1, 10_000_000));
}

/// <summary>A figure by an expression in PromQL, of which every instance is to have a part.</summary>
public sealed record ScaleQuery
{
    /// <summary>What is asked; the values of all series that it gives are added up. At most 4096 characters.</summary>
    public required string Expr { get; init; }

    /// <summary>What one instance is good for. More than 0.</summary>
    public required double Target { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Expr) || Expr.Length > 4096)
        {
            yield return new("expr", "the expression is empty or longer than 4096 characters", "write one that gives a number, for example sum(rate(orders_placed_total[1m]))");
        }

        if (!(Target > 0) || !double.IsFinite(Target))
        {
            yield return new("target", "it is not more than 0", "give what one instance is good for");
        }
    }
}

/// <summary>A window of time with bounds of its own.</summary>
public sealed record ScaleWindow
{
    /// <summary>When it begins, as cron: <c>30 8 * * mon-fri</c>.</summary>
    public required string At { get; init; }

    /// <summary>How long it lasts. 1m to 7d.</summary>
    public required TimeSpan For { get; init; }

    /// <summary>Whose clocks <see cref="At"/> means, as in <c>Europe/Berlin</c>. Default UTC.</summary>
    public string? Zone { get; init; }

    /// <summary>The least number of instances meanwhile. Default: that of <c>instances</c>.</summary>
    public int? Min { get; init; }

    /// <summary>The highest number of instances meanwhile. Default: that of <c>instances</c>.</summary>
    public int? Max { get; init; }

    /// <summary>Whether a time lies in it.</summary>
    public bool Holds(DateTimeOffset now) =>
        Cron.TryParse(At, out var cron, out _) && cron.Next(now - For, Zone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(Zone)) <= now;

    public IEnumerable<Problem> Validate()
    {
        if (!Cron.TryParse(At, out _, out var why))
        {
            yield return new("at", $"'{At}' is not a schedule: {why}", "write minute, hour, day of month, month and day of week, for example '30 8 * * mon-fri'");
        }

        if (Zone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
        {
            yield return new("zone", $"there is no time zone '{Zone}' on this machine", "write it as in Europe/Berlin, or install the package tzdata");
        }

        foreach (var problem in Limits.Between("for", For, TimeSpan.FromMinutes(1), TimeSpan.FromDays(7))
            .Concat(Limits.Between("min", Min ?? 0, 0, InstanceCount.Most))
            .Concat(Limits.Between("max", Max ?? 0, 0, InstanceCount.Most)))
        {
            yield return problem;
        }

        if (Min is null && Max is null)
        {
            yield return new("min", "the window changes nothing", "give min, max or both");
        }
        else if (Min > Max)
        {
            yield return new("min", $"min {Min} is greater than max {Max}", "lower min or raise max");
        }
    }
}

/// <summary>How long a wish for another number has to last before it is followed: of all that was wished for in that time, the smallest change counts. A change begins the time for the next one anew.</summary>
public sealed record ScaleStabilisation
{
    /// <summary>For more instances. Default 3s; 0s to 1h.</summary>
    public TimeSpan Out { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>For fewer. Default 5m; 0s to 1h.</summary>
    public TimeSpan In { get; init; } = TimeSpan.FromMinutes(5);

    public IEnumerable<Problem> Validate() =>
        Limits.Between("out", Out, TimeSpan.Zero, TimeSpan.FromHours(1)).Concat(Limits.Between("in", In, TimeSpan.Zero, TimeSpan.FromHours(1)));
}

/// <summary>How far one change goes at most.</summary>
public sealed record ScaleSteps
{
    /// <summary>Instances more. Default: four, or twice as many as there are, whichever is more. 1 to 1000.</summary>
    public int? Out { get; init; }

    /// <summary>Instances fewer. Default: half of them. 1 to 1000.</summary>
    public int? In { get; init; }

    public IEnumerable<Problem> Validate() => Limits.Between("out", Out ?? 1, 1, InstanceCount.Most).Concat(Limits.Between("in", In ?? 1, 1, InstanceCount.Most));
}
