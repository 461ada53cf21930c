using System.Diagnostics.CodeAnalysis;

namespace Mainstay.Host.Cli;

/// <summary>Ends a command: its first line on standard error says what went wrong, its second what to do.</summary>
/// <param name="what">What went wrong, as a clause without a full stop.</param>
/// <param name="remedy">What to do about it, as an imperative clause.</param>
/// <param name="exitCode">What the process returns; see <see cref="ExitCode"/>.</param>
[SuppressMessage("Naming", "CA1710", Justification = "It is an answer to the user before it is an exception.")]
public sealed class CliError(string what, string remedy, int exitCode = ExitCode.Failed) : Exception(what)
{
    public string What => Message;

    public string Remedy { get; } = remedy;

    public int Code { get; } = exitCode;

    /// <summary>Lines below the first two: the places of all problems of a manifest, for example.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>True where no server answered at all, so that nothing can have been changed.</summary>
    public bool NoServer { get; init; }

    /// <summary>The HTTP status that the server answered with; null where it did not answer.</summary>
    public int? Status { get; init; }
}
