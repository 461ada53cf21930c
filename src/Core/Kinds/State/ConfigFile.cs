namespace Mainstay.Core.Kinds.State;

/// <summary>A file that each instance of a service has of its own, made of a name space. After a publish the new file is in its place first, and then the instance is told.</summary>
[PlainValueIs(nameof(From))]
public sealed record ConfigFile
{
    /// <summary>How many a service may have.</summary>
    public const int Most = 20;

    /// <summary>The longest template, in characters.</summary>
    public const int MostTemplate = 16 * 1024;

    /// <summary>The largest file, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>The name space. Default: that of the service's <c>config</c>.</summary>
    public string? From { get; init; }

    /// <summary>Whose overlay counts. Default the architecture's environment; <c>*</c> for none.</summary>
    public string? Environment { get; init; }

    /// <summary>How its values are written. Default json. Not with <see cref="Template"/>.</summary>
    public ConfigFormat? Format { get; init; }

    /// <summary>The file's text, with <c>{{key}}</c> where a value stands and <c>{{'text'}}</c> for text that is left as it is. Up to 16,384 characters.</summary>
    public string? Template { get; init; }

    /// <summary>The variable that has the file's path. Default: its name, <c>app.json</c> as <c>APP_JSON</c>.</summary>
    public string? Env { get; init; }

    /// <summary>Who may read and write it, in octal. Default 0600, and always so where a secret is in it.</summary>
    public string Mode { get; init; } = "0600";

    /// <summary>Whom it belongs to, as <c>USER</c> or <c>USER:GROUP</c>, by names or numbers of the host. Default: the agent's user; to give it to another, the agent has to be root.</summary>
    public string? Owner { get; init; }

    /// <summary>How a running instance is told of another content. Default: it is not, it looks by itself.</summary>
    public ConfigHook? OnChange { get; init; }

    /// <summary>The variable of a file.</summary>
    public string VariableOf(string file) => Env ?? ConfigSettings.VariableOf(file);

    /// <summary>The mode, as the system counts it; null where it is none.</summary>
    public UnixFileMode? ModeBits() =>
        Mode.Length is 3 or 4 && Mode.All(c => c is >= '0' and <= '7') && Convert.ToInt32(Mode, 8) is var bits and <= 0x1ff && (bits & 0x100) != 0 ? (UnixFileMode)bits : null;

    /// <summary>What is wrong with it under a name.</summary>
    /// <param name="name">The file's.</param>
    /// <param name="hasDefault">Whether there is a name space where it names none.</param>
    public IEnumerable<Problem> Validate(string name, bool hasDefault)
    {
        if (name.Length is 0 or > 100 || name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            yield return new("", $"'{(name.Length > 60 ? name[..60] + "…" : name)}' is not the name of a file", "use 1 to 100 letters, digits, '.', '_' and '-', not beginning with '.'; its folder is Mainstay's");
        }

        if (From is null && !hasDefault)
        {
            yield return new("from", "it is made of no name space", "name one, or give the service 'config'");
        }

        if (From is not null && !Names.IsValid(From))
        {
            yield return Names.Invalid("from", From);
        }

        if (Environment is { } overlay && overlay != ConfigContent.Everywhere && !Names.IsValid(overlay))
        {
            yield return Names.Invalid("environment", overlay);
        }

        if (Format is not null && Template is not null)
        {
            yield return new("format", "a template says itself how values are written", "remove format, or template");
        }

        if (Template is { Length: > MostTemplate })
        {
            yield return new("template", $"it has {Template.Length} characters", $"use at most {MostTemplate}");
        }
        else if (Template is not null)
        {
            foreach (var problem in ConfigTemplate.Parse(Template).Problems)
            {
                yield return problem.Under("template");
            }
        }

        if (ModeBits() is null)
        {
            yield return new("mode", $"'{(Mode.Length > 20 ? Mode[..20] + "…" : Mode)}' is no mode that its owner could read", "write it in octal and in quotes, such as \"0640\"");
        }

        if (Owner is not null && (Owner.Split(':') is not ({ Length: 1 or 2 } parts) || parts.Any(p => p.Length is 0 or > 32 || !p.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))))
        {
            yield return new("owner", "it is neither USER nor USER:GROUP", "write for example www-data:www-data");
        }

        foreach (var problem in OnChange?.Validate() ?? [])
        {
            yield return problem.Under("onChange");
        }
    }
}

/// <summary>How the values of a file are written.</summary>
public enum ConfigFormat
{
    /// <summary>JSON; <c>http:limit</c> is <c>limit</c> within <c>http</c>, numbers and truth values are such where their items say so.</summary>
    Json,

    /// <summary>YAML, of the same shape.</summary>
    Yaml,

    /// <summary>Java's properties; <c>http:limit</c> is <c>http.limit</c>.</summary>
    Properties,

    /// <summary>A line for each variable, as shells read it; <c>http:limit</c> is <c>HTTP__LIMIT</c>.</summary>
    Env,
}

/// <summary>How a running instance is told that a file of its is another. One of the three.</summary>
public sealed record ConfigHook
{
    static readonly string[] Signals = ["HUP", "USR1", "USR2", "WINCH"];
    static readonly int[] Numbers = [1, 10, 12, 28];

    /// <summary>Sent to its process: HUP, USR1, USR2 or WINCH.</summary>
    public string? Signal { get; init; }

    /// <summary>Given to <c>/bin/sh</c> in the service's folder, with the instance's environment; it has to end with 0.</summary>
    public string? Run { get; init; }

    /// <summary>A path that is posted to at the instance, which has to answer 2xx.</summary>
    public string? Post { get; init; }

    /// <summary>How long the command or the answer may take. Default 10s; 100ms to 1m.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The number of the signal; 0 for none.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int Number => Signal is null || Array.IndexOf(Signals, Signal) is not (>= 0 and var at) ? 0 : Numbers[at];

    public IEnumerable<Problem> Validate()
    {
        if (new[] { Signal, Run, Post }.Count(w => w is not null) != 1)
        {
            yield return new("", "it is not one of signal, run and post", "give exactly one");
        }

        if (Signal is not null && Number == 0)
        {
            yield return new("signal", $"'{(Signal.Length > 20 ? Signal[..20] + "…" : Signal)}' is no signal that tells of a change", $"write {string.Join(", ", Signals)}");
        }

        if (Run is not null && (string.IsNullOrWhiteSpace(Run) || Run.Length > 4096))
        {
            yield return new("run", "it is no command", "write one of up to 4,096 characters, or remove it");
        }

        if (Post is not null && (Post.Length > 1024 || !Post.StartsWith('/') || Post.Any(c => c <= ' ' || c > '~')))
        {
            yield return new("post", "it is no path", "write it from '/' on, such as /reload");
        }

        foreach (var problem in Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)))
        {
            yield return problem;
        }
    }
}
