namespace Mainstay.Host.Cli.Doctor;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    Ok,

    /// <summary>Works, but may not for all that could be asked for.</summary>
    Warning,

    /// <summary>Something that should work does not.</summary>
    Bad,
}

/// <summary>What one check of <c>doctor</c> found.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="What">What was found.</param>
/// <param name="Remedy">What to do; null where nothing is to be done.</param>
public sealed record Finding(string Check, Severity Severity, string What, string? Remedy = null)
{
    public static Finding Ok(string check, string what) => new(check, Severity.Ok, what);

    public static Finding Warning(string check, string what, string remedy) => new(check, Severity.Warning, what, remedy);

    public static Finding Bad(string check, string what, string remedy) => new(check, Severity.Bad, what, remedy);
}
