using Mainstay.Core.Kinds.Deliver;

namespace Mainstay.Deliver.Decide;

/// <summary>What the rules need to know of the world around a manifest.</summary>
public sealed record ManifestSurroundings
{
    /// <summary>Absolute folder of the manifest; relative folders start there.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Which folders there are.</summary>
    public required IFolders Folders { get; init; }

    /// <summary>Which certificates there are; null leaves them unchecked.</summary>
    public ICertificates? Certificates { get; init; }

    /// <summary>Earlier versions of the architecture, newest first, in which a set of versions that work together is looked for. Default: none.</summary>
    public IReadOnlyList<ArchitectureVersion> History { get; init; } = [];

    /// <summary>Why an expression over what is measured cannot be read, with the place in it; null where it can. Null itself leaves expressions unchecked.</summary>
    public Func<string, string?>? WhyNoExpression { get; init; }

    /// <summary>The port of the Admin API, which nothing else may listen on. Default 7070.</summary>
    public int AdminPort { get; init; } = 7070;
}

/// <summary>The seam to the file system: deciding asks, a driver knows.</summary>
public interface IFolders
{
    /// <summary>Whether there is a folder at <paramref name="path"/> (absolute).</summary>
    bool Exists(string path);
}

/// <summary>The seam to certificate files.</summary>
public interface ICertificates
{
    /// <summary>Why the certificates in a PEM file cannot be used (with the key, if one is named); null when they can. Paths are absolute.</summary>
    string? WhyNot(string certificateFile, string? keyFile);
}
