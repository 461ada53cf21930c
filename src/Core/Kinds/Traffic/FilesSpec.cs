namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Files of a folder of the gateway's machine. Of a route with a prefix or with {**rest} the rest of the path names the file. Hidden files, and all that
/// leads out of the folder, are not there.
/// </summary>
[PlainValueIs(nameof(Root))]
public sealed record FilesSpec
{
    /// <summary>The folder, relative to the manifest.</summary>
    public required string Root { get; init; }

    /// <summary>The file that stands for a folder. Default <c>index.html</c>.</summary>
    public string Index { get; init; } = "index.html";

    /// <summary>The file, relative to root, that answers where there is none: for applications that route in the browser. Default: 404.</summary>
    public string? Fallback { get; init; }

    /// <summary>The Cache-Control of answers. Default <c>no-cache</c>. That means kept, and asked for again each time.</summary>
    public string CacheControl { get; init; } = "no-cache";

    public IEnumerable<Problem> Validate()
    {
        if (Root.Length == 0 || Root.Length > 1024 || Root.Any(char.IsControl))
        {
            yield return new("root", "this is no folder", "name the folder with the files");
        }

        if (!IsName(Index) || Index.Contains('/', StringComparison.Ordinal))
        {
            yield return new("index", $"'{Index}' is no name of a file", "write a plain name, for example index.html");
        }

        if (Fallback is not null && !IsName(Fallback))
        {
            yield return new("fallback", $"'{Fallback}' is no file below root", "write its path without '.' and '..', for example index.html");
        }

        if (!HeaderRules.IsValue(CacheControl) || CacheControl.Length == 0)
        {
            yield return new("cacheControl", "this is no value of a header", "write for example max-age=3600");
        }
    }

    static bool IsName(string name) =>
        name.Length is > 0 and <= 255 && !name.Any(char.IsControl) && name.Split('/').All(part => part.Length > 0 && part[0] != '.');
}
