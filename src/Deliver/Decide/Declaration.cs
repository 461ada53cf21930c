using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>What is to be declared from now on: the whole architecture, with what goes with it beside the manifest.</summary>
public sealed record Declaration
{
    public required ArchitectureSpec Spec { get; init; }

    /// <summary>Absolute folder of the manifest.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Content hashes of the services that are built.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init; } = new Dictionary<string, string>();

    /// <summary>Numbers of instances asked for now, null to ask for none; services that are not in it keep what was asked before.</summary>
    public IReadOnlyDictionary<string, int?> Scales { get; init; } = new Dictionary<string, int?>();

    /// <summary>True where it was asked to go back: consumers then move before their providers, unless the versions rise.</summary>
    public bool Backwards { get; init; }

    /// <summary>Whether everything is to run; null leaves it as it is (at first: stopped).</summary>
    public bool? Run { get; init; }
}

/// <summary>Who declares it, and why.</summary>
/// <param name="Who">The user as far as known, with the surface: <c>root (cli)</c>.</param>
/// <param name="From">The remote address and the program.</param>
/// <param name="Message">Why, in the user's words, or what was done.</param>
public sealed record Author(string Who, string From, string Message = "");
