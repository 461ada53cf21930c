namespace Mainstay.Schedule.Agent;

/// <summary>An agent asks what the files of its instances are to hold.</summary>
public sealed record FilesAsk
{
    /// <summary>How many it may ask for at once.</summary>
    public const int Most = 20_000;

    /// <summary>What it has. What is not among it is not answered.</summary>
    public IReadOnlyList<FileHeld> Held { get; init; } = [];

    /// <summary>How long to wait for something that it has not seen; up to 60s.</summary>
    public TimeSpan Wait { get; init; }
}

/// <summary>A file of an instance as it is.</summary>
/// <param name="Instance">Whose.</param>
/// <param name="File">Its name.</param>
/// <param name="Seen">The versions of the last answer; null for none: then there is an answer at once.</param>
/// <param name="Tag">The versions that the instance runs; null for none yet.</param>
/// <param name="Problem">Why it does not run what it has seen; null where nothing stands against it.</param>
public sealed record FileHeld(string Instance, string File, string? Seen, string? Tag, string? Problem);

/// <summary>Files that are to be others.</summary>
public sealed record FilesGiven(IReadOnlyList<FileGiven> Items);

/// <summary>What a file is to hold.</summary>
/// <param name="Instance">Whose.</param>
/// <param name="File">Its name.</param>
/// <param name="Tag">The versions that it is made of.</param>
/// <param name="Text">Its content; null where there is a problem.</param>
/// <param name="HasSecret">Whether a secret is in it: then it is for its owner alone.</param>
/// <param name="Problem">Why there is none, and what to do.</param>
public sealed record FileGiven(string Instance, string File, string Tag, string? Text, bool HasSecret, string? Problem);
