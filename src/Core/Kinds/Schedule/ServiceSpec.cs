using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>A service as the manifest declares it.</summary>
public sealed record ServiceSpec
{
    /// <summary>The version of the service's software, as semantic version: <c>1.4.0</c>. Required by needs that give a range.</summary>
    [TextPattern(TextPatternAttribute.Version)]
    public string? Version { get; init; }

    /// <summary>How much the business depends on it. Default medium.</summary>
    public Criticality Criticality { get; init; } = Criticality.Medium;

    /// <summary>Working folder of build and run, relative to the manifest. Default: the manifest's folder.</summary>
    public string? Folder { get; init; }

    /// <summary>How the software is made; absent when there is nothing to build.</summary>
    public BuildSpec? Build { get; init; }

    /// <summary>The command that runs one instance, given to <c>/bin/sh</c> as <c>exec …</c>. It listens on <c>$PORT</c>.</summary>
    public string? Run { get; init; }

    /// <summary>The image whose containers are its instances, with tag or digest: <c>docker.io/library/nginx:1.27</c>. In place of <see cref="Run"/>.</summary>
    public string? Image { get; init; }

    /// <summary>How the containers of its image are run.</summary>
    public ContainerSpec? Container { get; init; }

    /// <summary>It is run by others, and this says where it answers; in place of <see cref="Run"/>. Needs and routes lead to those of its addresses that pass its <see cref="Health"/> checks.</summary>
    public ExternalSpec? External { get; init; }

    /// <summary>How many instances run at the same time. Default 1.</summary>
    public InstanceCount Instances { get; init; } = new();

    /// <summary>What each instance gets of its host. Default: whatever is free.</summary>
    public ResourceSpec? Resources { get; init; }

    /// <summary>On which hosts its instances run. Default: spread over all that are ready.</summary>
    public PlaceSpec? Place { get; init; }

    /// <summary>When it gets more instances, and when fewer, within those bounds. Default: when somebody says so.</summary>
    public ScaleSpec? Scale { get; init; }

    /// <summary>Environment variables of every instance, on top of the agent's own; Mainstay's (<c>PORT</c>, <c>NAME_URL</c> …) win.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>The name space whose values its instances have in their environment: its name, or keys. Default: none.</summary>
    public State.ConfigUse? Config { get; init; }

    /// <summary>Secrets that its instances are given, by name: never their values. Each has to be there when it is applied.</summary>
    [NamesAlone]
    public IReadOnlyDictionary<string, State.SecretUse>? Secrets { get; init; }

    /// <summary>Files that each of its instances has of its own, by name, made of name spaces; up to 20. Another publish writes them anew and tells the instance, which runs on.</summary>
    public IReadOnlyDictionary<string, State.ConfigFile>? Files { get; init; }

    /// <summary>How an instance shows that it can serve. Default: a TCP connect to its port.</summary>
    public HealthSpec Health { get; init; } = new();

    /// <summary>The services that it calls. Each becomes a mesh listener and an environment variable with its URL.</summary>
    [NamesAlone]
    public IReadOnlyDictionary<string, NeedSpec> Needs { get; init; } = new Dictionary<string, NeedSpec>();

    /// <summary>How requests are spread over its instances. Default: to whom is expected to answer sooner, of two.</summary>
    public TrafficSpec? Traffic { get; init; }

    /// <summary>What Mainstay may do of its own accord when it knows the cause of trouble. Default: it suggests.</summary>
    public InterventionsSpec? Interventions { get; init; }

    /// <summary>How the figures of its instances are asked for, where they are a server or have an exporter. Default: they are not.</summary>
    public ProbeSpec? Probe { get; init; }

    /// <summary>What happens after an instance ends without having been asked to.</summary>
    public RestartSpec Restart { get; init; } = new();

    /// <summary>How its instances are replaced. Default cattle.</summary>
    public Recover Recover { get; init; } = Recover.Cattle;

    /// <summary>How a new version takes the place of the old one. Default: instance by instance.</summary>
    public ReleaseSpec? Release { get; init; }

    /// <summary>Between the request to stop (SIGTERM) and the end by force (SIGKILL). Default 10s; 0s to 10m.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the gateways to stop sending to an instance before it is asked to stop. Default 5s; 0s to 10m.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether it runs only while it is used: it scales by itself, down to nothing.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOnDemand => Scale is not null && Instances.Min == 0;

    /// <summary>Whether what runs has to end before what takes its place can start.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsVacated => Recover == Recover.Pet || Release?.Strategy == ReleaseStrategy.Recreate;

    public IEnumerable<Problem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Run) && Image is null && External is null)
        {
            yield return new("run", "a service needs a command to run", "add 'run: <command>'; it must listen on $PORT");
        }

        foreach (var problem in ValidateImage().Concat(ValidateExternal()))
        {
            yield return problem;
        }

        if (Version is not null && !SemanticVersion.TryParse(Version, out _))
        {
            yield return new("version", $"'{Version}' is not a semantic version", "write MAJOR.MINOR.PATCH, for example 1.4.0");
        }

        foreach (var problem in Instances.Validate().Select(p => p.Under("instances"))
            .Concat(Scale?.Validate().Select(p => p.Under("scale")) ?? [])
            .Concat(Build?.Validate().Select(p => p.Under("build")) ?? [])
            .Concat(Resources?.Validate().Select(p => p.Under("resources")) ?? [])
            .Concat(Place?.Validate().Select(p => p.Under("place")) ?? [])
            .Concat(Place is { Data: PlaceData.Shared } && Recover != Recover.Pet ? [new Problem("place.data", "only pets have data of their own", "add 'recover: pet', or remove this")] : [])
            .Concat(Health.Validate().Select(p => p.Under("health")))
            .Concat(Restart.Validate().Select(p => p.Under("restart")))
            .Concat(Release?.Validate().Select(p => p.Under("release")) ?? [])
            .Concat(Release is { Strategy: not (ReleaseStrategy.Rolling or ReleaseStrategy.Recreate) } && Recover == Recover.Pet
                ? [new Problem("release.strategy", "two versions of a pet cannot run side by side", "leave the release out, or make the service cattle")] : [])
            .Concat(Probe?.Validate().Select(p => p.Under("probe")) ?? [])
            .Concat(Interventions?.Validate().Select(p => p.Under("interventions")) ?? [])
            .Concat(Config?.Validate().Select(p => p.Under("config")) ?? [])
            .Concat(ValidateSecrets())
            .Concat(ValidateFiles())
            .Concat(Traffic?.Validate().Select(p => p.Under("traffic")) ?? [])
            .Concat(Needs.SelectMany(n => n.Value.Validate().Select(p => p.Under($"needs.{n.Key}"))))
            .Concat(Limits.Between("grace", Grace, TimeSpan.Zero, TimeSpan.FromMinutes(10)))
            .Concat(Limits.Between("drain", Drain, TimeSpan.Zero, TimeSpan.FromMinutes(10)))
            .Concat(Env.Keys.Where(k => !IsVariable(k)).Select(k => new Problem(
                $"env.{k}", $"'{k}' is not the name of an environment variable", "use letters, digits and '_', not beginning with a digit"))))
        {
            yield return problem;
        }
    }

    IEnumerable<Problem> ValidateSecrets()
    {
        var variables = new HashSet<string>(Env.Keys, StringComparer.Ordinal);
        foreach (var (name, use) in Secrets ?? new Dictionary<string, State.SecretUse>())
        {
            var variable = use.VariableOf(name);
            if (!Names.IsValid(name))
            {
                yield return Names.Invalid($"secrets.{name}", name);
            }
            else if (!IsVariable(variable) || variable.Length > 128 || variable is "PORT" or "OUT" or "ASPNETCORE_URLS" || variable.StartsWith("MAINSTAY_", StringComparison.Ordinal))
            {
                yield return new($"secrets.{name}.env", $"'{variable}' is no variable that can be given", "use up to 128 letters, digits and '_', not beginning with a digit; PORT, OUT, ASPNETCORE_URLS and MAINSTAY_* are Mainstay's");
            }
            else if (!variables.Add(variable))
            {
                yield return new($"secrets.{name}.env", $"{variable} is given twice", "name another variable with 'env'");
            }

            if (use.File && Image is not null)
            {
                yield return new($"secrets.{name}.file", "a container does not see the files of its host", "give the secret in a variable");
            }
        }

        if (Secrets is { Count: > 50 })
        {
            yield return new("secrets", $"{Secrets.Count} are more than 50", "keep what belongs together in one secret, as JSON");
        }
    }

    IEnumerable<Problem> ValidateFiles()
    {
        var files = Files ?? new Dictionary<string, State.ConfigFile>();
        var variables = Env.Keys.Concat((Secrets ?? new Dictionary<string, State.SecretUse>()).Select(s => s.Value.VariableOf(s.Key))).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, file) in files)
        {
            foreach (var problem in file.Validate(name, Config is not null))
            {
                yield return problem.Under($"files.{name}");
            }

            var variable = file.VariableOf(name);
            if (!IsVariable(variable) || variable.Length > 128 || variable is "PORT" or "OUT" or "ASPNETCORE_URLS" || variable.StartsWith("MAINSTAY_", StringComparison.Ordinal))
            {
                yield return new($"files.{name}.env", $"'{(variable.Length > 60 ? variable[..60] + "…" : variable)}' is no variable that can be given", "name one with 'env': up to 128 letters, digits and '_', not beginning with a digit; PORT, OUT, ASPNETCORE_URLS and MAINSTAY_* are Mainstay's");
            }
            else if (!variables.Add(variable))
            {
                yield return new($"files.{name}.env", $"{variable} is given twice", "name another variable with 'env'");
            }
        }

        if (files.Count > State.ConfigFile.Most)
        {
            yield return new("files", $"{files.Count} are more than {State.ConfigFile.Most}", "keep what belongs together in one file");
        }

        if (files.Count > 0 && Image is not null)
        {
            yield return new("files", "a container does not see the files of its host", "give it 'config', or let it ask over HTTP");
        }
    }

    List<Problem> ValidateImage()
    {
        if (Image is null)
        {
            return Container is null ? [] : [new("container", "there is no image to run", "add 'image', or remove this")];
        }

        List<Problem> problems = [.. Container?.Validate().Select(p => p.Under("container")) ?? []];
        if (Image.Length is 0 or > 512 || Image.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            problems.Add(new("image", $"'{Image}' is not the name of an image", "write for example docker.io/library/nginx:1.27"));
        }

        if (Resources is not null && (Container?.Cpu is not null || Container?.Memory is not null))
        {
            problems.Add(new("resources", "processors or memory are given in resources and in container", "keep those in resources"));
        }

        if (Run is not null)
        {
            problems.Add(new("run", "both an image and a command are given", "keep one of them; container.entrypoint and container.args replace the image's command"));
        }

        if (Build is not null)
        {
            problems.Add(new("build", "an image is built elsewhere", "remove build, or run its output instead of an image"));
        }

        return problems;
    }

    // What others run has no command, no place and no number that could be chosen here.
    IEnumerable<Problem> ValidateExternal()
    {
        if (External is null)
        {
            return [];
        }

        (string Path, bool Given)[] ours =
        [
            ("run", Run is not null), ("image", Image is not null), ("build", Build is not null), ("folder", Folder is not null), ("instances", Instances != new InstanceCount()), ("resources", Resources is not null),
            ("place", Place is not null), ("scale", Scale is not null), ("env", Env.Count > 0), ("files", Files is { Count: > 0 }), ("needs", Needs.Count > 0), ("release", Release is not null), ("probe", Probe is not null), ("recover", Recover != Recover.Cattle),
            ("health.command", Health.Command is not null),
        ];
        return External.Validate().Select(p => p.Under("external"))
            .Concat(ours.Where(o => o.Given).Select(o => new Problem(o.Path, "a service with 'external' is run by others", $"remove {o.Path}, or external")));
    }

    static bool IsVariable(string key) =>
        key.Length > 0 && !char.IsAsciiDigit(key[0]) && key.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}

/// <summary>How the instances of a service are replaced.</summary>
public enum Recover
{
    /// <summary>They are interchangeable: a new one is started before an old one is stopped.</summary>
    Cattle,

    /// <summary>Each has data that only one process may use: the old one has ended before the new one is started.</summary>
    Pet,
}

/// <summary>How a service's software is made. In the manifest either this, or the command alone.</summary>
[PlainValueIs(nameof(Command))]
public sealed record BuildSpec
{
    /// <summary>Given to <c>/bin/sh</c> in the service's folder. <c>$OUT</c> is an empty folder for its output, kept per content hash and set for <c>run</c> too.</summary>
    public required string Command { get; init; }

    /// <summary>Files and folders whose content decides whether to build again, relative to the service's folder. Default: the whole folder without bin, obj, out, node_modules and dot folders.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Ends a build that takes longer. Default 10m; 1s to 2h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<Problem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Command))
        {
            yield return new("command", "the build command is empty", "write the command, or remove 'build'");
        }

        foreach (var problem in Limits.Between("timeout", Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(2)))
        {
            yield return problem;
        }
    }
}

/// <summary>The bounds of a service's instances. In the manifest either this, or one number for both the least and the usual.</summary>
[PlainValueIs(nameof(Min))]
public sealed record InstanceCount
{
    /// <summary>The highest number that can be declared.</summary>
    public const int Most = 1000;

    /// <summary>What is started, and what scaling in never goes below. Default 1; 0 to 1000.</summary>
    public int Min { get; init; } = 1;

    /// <summary>What scaling out never exceeds. Default 1000; at least <see cref="Min"/>.</summary>
    public int Max { get; init; } = Most;

    public IEnumerable<Problem> Validate()
    {
        if (Min is < 0 or > Most)
        {
            yield return new("min", $"{Min} is outside 0 to {Most}", "choose a number within");
        }

        if (Max is < 0 or > Most)
        {
            yield return new("max", $"{Max} is outside 0 to {Most}", "choose a number within");
        }

        if (Min > Max)
        {
            yield return new("min", $"min {Min} is greater than max {Max}", "lower min or raise max");
        }
    }
}

/// <summary>A dependency of a service on another.</summary>
public sealed record NeedSpec : CallSpec
{
    /// <summary>The versions that will do, as comparators joined by spaces: <c>&gt;=2.0 &lt;3.0</c>. Default: any.</summary>
    [TextPattern(TextPatternAttribute.VersionRange)]
    public string? Version { get; init; }

    /// <summary>True where the caller does without it when it is absent: it is not waited for at start. Default false.</summary>
    public bool Optional { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Version is not null && !VersionRange.TryParse(Version, out _))
        {
            yield return new("version", $"'{Version}' is not a version range", "write comparators joined by spaces, for example '>=2.0 <3.0'");
        }

        if (Degrade?.Minimal?.Contains('{', StringComparison.Ordinal) == true)
        {
            yield return new("degrade.minimal", "a need's path has no variables", "write the path as it is");
        }

        if (Degrade is { DropOptional: true } && !Optional)
        {
            yield return new("degrade.dropOptional", "the need is not optional", "add 'optional: true', or remove this");
        }

        foreach (var problem in ValidateCall().Concat(LimitRules.Unproven(Limits, null, null, "set the limit on a route with that guard, or use client")))
        {
            yield return problem;
        }
    }
}

/// <summary>How an instance shows that it can serve: an HTTP path, a command, or (default) a TCP connect to its port.</summary>
public sealed record HealthSpec
{
    /// <summary>GET this path on the instance's port; a status of 200 to 399 is healthy.</summary>
    public string? Path { get; init; }

    /// <summary>What the instance speaks on its port: <c>http1</c>, <c>https</c>, <c>h2c</c> or <c>h2</c>; over TLS its certificate is not verified, since the instance is known by its port. Without a path, over TLS the handshake is the check. Default http1.</summary>
    public HealthProtocol? Protocol { get; init; }

    /// <summary>Run this command with the instance's environment; exit code 0 is healthy. Excludes <see cref="Path"/>.</summary>
    public string? Command { get; init; }

    /// <summary>Between the end of one check and the start of the next. Default 1s; 100ms to 1h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A check that takes longer has failed. Default 1s; 10ms to 1m.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So many failures in a row make a ready instance unhealthy, and it is restarted. Default 3; 1 to 100.</summary>
    public int Failures { get; init; } = 3;

    /// <summary>An instance that was not healthy once this long after its start is restarted. Default 30s; 1s to 1h.</summary>
    public TimeSpan Startup { get; init; } = TimeSpan.FromSeconds(30);

    public IEnumerable<Problem> Validate()
    {
        if (Path is not null && Command is not null)
        {
            yield return new("command", "both a path and a command are given", "keep one of them");
        }

        if (Protocol is not (null or HealthProtocol.Http1) && Command is not null)
        {
            yield return new("protocol", "a command speaks for itself", "remove protocol, or check a path");
        }

        if (Protocol == HealthProtocol.H2c && Path is null && Command is null)
        {
            yield return new("protocol", "nothing is asked that could be spoken over HTTP/2", "add a path, or remove protocol: a connect is the check");
        }

        if (Path is not null && !Path.StartsWith('/'))
        {
            yield return new("path", $"'{Path}' does not begin with '/'", $"write '/{Path}'");
        }

        foreach (var problem in Limits.Between("interval", Interval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1))
            .Concat(Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)))
            .Concat(Limits.Between("startup", Startup, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("failures", Failures, 1, 100)))
        {
            yield return problem;
        }
    }
}

/// <summary>What a check of an instance's health speaks.</summary>
public enum HealthProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/1.1 over TLS.</summary>
    Https,

    /// <summary>HTTP/2 without TLS, with prior knowledge.</summary>
    H2c,

    /// <summary>HTTP/2 over TLS.</summary>
    H2,
}

/// <summary>What happens after an instance ends without having been asked to: it is started again, each time after a longer wait.</summary>
public sealed record RestartSpec
{
    /// <summary>Wait before the second start in a row (the first is immediate); doubles with each. Default 500ms; 10ms to 1h.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait between starts. Default 30s; at least <see cref="Backoff"/>, at most 1h.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>So many ends in a row, each before the instance was ready for <see cref="Reset"/>, are named a crash loop. Default 5; 1 to 100.</summary>
    public int CrashLoop { get; init; } = 5;

    /// <summary>An instance that was ready this long starts with a clean record. Default 10s; 1s to 1h.</summary>
    public TimeSpan Reset { get; init; } = TimeSpan.FromSeconds(10);

    public IEnumerable<Problem> Validate()
    {
        if (Backoff > MaxBackoff)
        {
            yield return new("backoff", $"backoff {Durations.Format(Backoff)} is greater than maxBackoff {Durations.Format(MaxBackoff)}", "lower backoff or raise maxBackoff");
        }

        foreach (var problem in Limits.Between("backoff", Backoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1))
            .Concat(Limits.Between("maxBackoff", MaxBackoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("reset", Reset, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("crashLoop", CrashLoop, 1, 100)))
        {
            yield return problem;
        }
    }
}
