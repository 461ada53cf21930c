namespace Mainstay.Core.Kinds.State;

/// <summary>Which name space a service's instances have in their environment: each key as a variable, <c>http:timeout-ms</c> as <c>HTTP__TIMEOUT_MS</c>. Another publish is a release of the service.</summary>
[PlainValueIs(nameof(Space))]
public sealed record ConfigUse
{
    /// <summary>The name space.</summary>
    public required string Space { get; init; }

    /// <summary>Whose overlay counts. Default the architecture's environment; <c>*</c> for none.</summary>
    public string? Environment { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (!Names.IsValid(Space))
        {
            yield return Names.Invalid("space", Space);
        }

        if (Environment is { } overlay && overlay != ConfigContent.Everywhere && !Names.IsValid(overlay))
        {
            yield return Names.Invalid("environment", overlay);
        }
    }
}

/// <summary>How a secret is given to the instances of a service. The manifest has its name alone; its value is kept by <c>mainstay secret set</c>.</summary>
public sealed record SecretUse
{
    /// <summary>The variable that it stands in, or with <see cref="File"/> the path of its file. Default: its name, <c>db-password</c> as <c>DB_PASSWORD</c>, with a file <c>DB_PASSWORD_FILE</c>.</summary>
    public string? Env { get; init; }

    /// <summary>Gives a file that the instances' user alone can read (0600), and its path in the variable; else the value is in the variable. Default false.</summary>
    public bool File { get; init; }

    /// <summary>The variable of a secret.</summary>
    public string VariableOf(string secret) => Env ?? ConfigSettings.VariableOf(secret) + (File ? "_FILE" : "");
}

/// <summary>A secret that an instance is given at its start.</summary>
/// <param name="Secret">Its name.</param>
/// <param name="File">Whether as a file, whose path the variable has.</param>
public sealed record GivenSecret(string Secret, bool File);

/// <summary>What the configuration of a service comes to: what its instances have in their environment.</summary>
/// <param name="Tag">The versions that it was made of when any of it changed last.</param>
/// <param name="Env">Values by variable.</param>
/// <param name="Secrets">Secrets by variable.</param>
public sealed record ServiceSettings(string Tag, IReadOnlyDictionary<string, string> Env, IReadOnlyDictionary<string, string> Secrets);

/// <summary>Decides what a service's instances have of its name space.</summary>
public static class ConfigSettings
{
    /// <summary>The variable that says which versions an instance's configuration was made of.</summary>
    public const string TagVariable = "MAINSTAY_CONFIG";

    /// <summary>What the keys of secrets begin with in the store: they are no resources, so that no list or watch shows them.</summary>
    public const string SealedPrefix = "sealed/";

    /// <summary>The settings of who uses a name space so; <paramref name="before"/> as it is where no value differs, null where there is no such name space.</summary>
    /// <param name="use">Which, and how.</param>
    /// <param name="environment">The architecture's.</param>
    /// <param name="find">The name spaces as published.</param>
    /// <param name="before">What it was.</param>
    public static ServiceSettings? Of(ConfigUse? use, string environment, Func<string, ConfigSpace?> find, ServiceSettings? before)
    {
        var overlay = use?.Environment ?? (Names.IsValid(environment) ? environment : ConfigContent.Everywhere);
        if (use is null || ConfigEffective.Of(use.Space, overlay, find) is not { } view)
        {
            return null;
        }

        var (env, secrets) = (new SortedDictionary<string, string>(StringComparer.Ordinal), new SortedDictionary<string, string>(StringComparer.Ordinal));
        foreach (var (key, value) in view.Values)
        {
            var variable = VariableOf(key);
            if (variable is "PORT" or "OUT" or "ASPNETCORE_URLS" || variable.StartsWith("MAINSTAY_", StringComparison.Ordinal))
            {
                // Mainstay gives these.
                continue;
            }

            if (value.IsSecret)
            {
                secrets[variable] = value.Value[ConfigValues.SecretMark.Length..];
            }
            else
            {
                env[variable] = value.Value;
            }
        }

        var now = new ServiceSettings(view.Tag, env, secrets);
        return before is not null && Codec.Same(now with { Tag = before.Tag }, before) ? before : now;
    }

    /// <summary>A key as an environment variable: <c>http:timeout-ms</c> is <c>HTTP__TIMEOUT_MS</c>, which .NET reads as the key that it was.</summary>
    public static string VariableOf(string key) => key.Replace(":", "__", StringComparison.Ordinal).Replace('.', '_').Replace('-', '_').ToUpperInvariant();
}
