namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A job as the manifest declares it: a command that runs to its end, on a schedule, after other jobs, or when asked.</summary>
public sealed record JobSpec
{
    /// <summary>The longest name of a job: those of its runs and their tasks are longer.</summary>
    public const int LongestName = 40;

    /// <summary>The highest number of tasks of a run.</summary>
    public const int MostParallel = 100;

    /// <summary>The command of one task, given to <c>/bin/sh</c>. Exit code 0 is success.</summary>
    public required string Run { get; init; }

    /// <summary>The service whose software this is: the job runs in its folder, with its environment, its build's <c>$OUT</c> and the URLs of its needs. Default: none.</summary>
    public string? Service { get; init; }

    /// <summary>Working folder, relative to the manifest. Default: the service's, or the manifest's.</summary>
    public string? Folder { get; init; }

    /// <summary>Environment variables of every task.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>What can be given to a run, by name, with what holds where it is not given; each is an environment variable of every task.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>When it runs, as cron: minute, hour, day of month, month, day of week; six fields begin with seconds; or <c>@hourly</c>, <c>@daily</c>, <c>@weekly</c>, <c>@monthly</c>, <c>@yearly</c>. Default: when asked.</summary>
    public string? Schedule { get; init; }

    /// <summary>Whose clocks the schedule means, as in <c>Europe/Berlin</c>. Default UTC.</summary>
    public string? Zone { get; init; }

    /// <summary>What becomes of runs that were due while nothing could start them: <c>once</c> (one for all of them), <c>skip</c>, or <c>all</c> (at most 100, one after another). Default once.</summary>
    public MissedRuns Missed { get; init; }

    /// <summary>What becomes of a run that is due while another is under way: <c>skip</c>, <c>queue</c> (it waits), <c>allow</c> (both run), or <c>replace</c> (the other is ended). Default skip.</summary>
    public OverlappingRuns Overlap { get; init; }

    /// <summary>It runs once each of these jobs has succeeded since it last ran. Excludes <see cref="Schedule"/>.</summary>
    public IReadOnlyList<string>? After { get; init; }

    /// <summary>How many tasks a run has; each is told its <c>MAINSTAY_INDEX</c> from 0 and the <c>MAINSTAY_COUNT</c>. Default 1; 1 to 100.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>How many tasks of a run are under way at the same time. Default 10; 1 to 100.</summary>
    public int AtOnce { get; init; } = 10;

    /// <summary>How often a task that failed is tried again. Default 0; 0 to 20.</summary>
    public int Retries { get; init; }

    /// <summary>Wait before the first of these tries; it doubles with each, up to 1h. Default 5s; 100ms to 1h.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A run that takes longer, with all tries, is ended and has failed. Default 1h; 1s to 7d.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Between the request to stop (SIGTERM) and the end by force (SIGKILL). Default 10s; 0s to 10m.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many runs that have ended are remembered. Default 20; 1 to 500.</summary>
    public int Keep { get; init; } = 20;

    public IEnumerable<Problem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Run))
        {
            yield return new("run", "a job needs a command to run", "add 'run: <command>'");
        }

        if (Schedule is not null && !Cron.TryParse(Schedule, out _, out var why))
        {
            yield return new("schedule", $"'{Schedule}' is not a schedule: {why}", "write minute, hour, day of month, month and day of week, for example '30 2 * * mon-fri', or @daily");
        }

        if (Schedule is not null && After is { Count: > 0 })
        {
            yield return new("after", "the job has both a schedule and jobs that it comes after", "keep one of them");
        }

        if (Zone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out _))
        {
            yield return new("zone", $"there is no time zone '{Zone}' on this machine", "write it as in Europe/Berlin, or install the package tzdata");
        }

        if (Zone is not null && Schedule is null)
        {
            yield return new("zone", "there is no schedule that could mean its clocks", "add a schedule, or remove zone");
        }

        foreach (var problem in Limits.Between("parallel", Parallel, 1, MostParallel)
            .Concat(Limits.Between("atOnce", AtOnce, 1, MostParallel))
            .Concat(Limits.Between("retries", Retries, 0, 20))
            .Concat(Limits.Between("backoff", Backoff, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("deadline", Deadline, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)))
            .Concat(Limits.Between("grace", Grace, TimeSpan.Zero, TimeSpan.FromMinutes(10)))
            .Concat(Limits.Between("keep", Keep, 1, 500))
            .Concat(Variables("env", Env.Keys))
            .Concat(Variables("parameters", Parameters.Keys)))
        {
            yield return problem;
        }
    }

    static IEnumerable<Problem> Variables(string path, IEnumerable<string> names) => names
        .Where(n => n.Length == 0 || char.IsAsciiDigit(n[0]) || !n.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || n.StartsWith("MAINSTAY_", StringComparison.Ordinal))
        .Select(n => new Problem($"{path}.{n}", $"'{n}' cannot be the name of a variable here", "use letters, digits and '_', not beginning with a digit or MAINSTAY_"));
}

/// <summary>What becomes of runs that were due while nothing could start them.</summary>
public enum MissedRuns
{
    /// <summary>One run makes up for all of them.</summary>
    Once,

    /// <summary>None is made up for.</summary>
    Skip,

    /// <summary>Each is made up for, the oldest first, at most 100.</summary>
    All,
}

/// <summary>What becomes of a run that is due while another of the same job is under way.</summary>
public enum OverlappingRuns
{
    /// <summary>It does not take place.</summary>
    Skip,

    /// <summary>It waits for the other's end.</summary>
    Queue,

    /// <summary>Both are under way.</summary>
    Allow,

    /// <summary>The other is cancelled, and it begins when that has ended.</summary>
    Replace,
}
