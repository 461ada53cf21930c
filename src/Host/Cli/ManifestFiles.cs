using Mainstay.Deliver.Manifest;
using Mainstay.Host.Cli.Client;

namespace Mainstay.Host.Cli;

/// <summary>Reads the files that <c>up</c>, <c>plan</c> and <c>apply</c> are given.</summary>
public static class ManifestFiles
{
    static readonly string[] Names = ["mainstay.yaml", "mainstay.yml"];

    /// <summary>Reads folders (their <c>mainstay.yaml</c> or <c>.yml</c>) and files, then the overlays; without any, the working folder's.</summary>
    /// <param name="targets">Folders and files as given.</param>
    /// <param name="overlays">Files of <c>-f</c>.</param>
    /// <param name="workingFolder">Absolute.</param>
    /// <exception cref="CliError">A file is missing, unreadable, too large or no text.</exception>
    public static ApplyRequest Read(IReadOnlyList<string> targets, IReadOnlyList<string> overlays, string workingFolder)
    {
        string[] given = [.. targets.Count == 0 && overlays.Count == 0 ? ["."] : targets, .. overlays];
        string[] paths = [.. given.Select(p => Locate(p, workingFolder))];
        var read = paths.Select(p => ManifestFile.Decode(Path.GetRelativePath(workingFolder, p), ReadBytes(p))).ToArray();
        var problems = read.Where(r => r.Problem is not null).Select(r => ManifestProblems.Of(r.Problem!)).ToArray();
        return problems.Length == 0
            ? new([.. read.Select(r => r.File!)], Path.GetDirectoryName(paths[0])!)
            : throw ManifestProblems.AsError(problems);
    }

    static string Locate(string given, string workingFolder)
    {
        var path = Path.GetFullPath(given, workingFolder);
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? path : throw Invalid($"there is no file or folder {path}", "name a folder with a mainstay.yaml, or the file itself");
        }

        return Names.Select(n => Path.Combine(path, n)).FirstOrDefault(File.Exists)
            ?? throw Invalid($"there is no {Names[0]} in {path}", "name a folder with one, or the file itself with -f");
    }

    // One byte more than may be is enough to see that a file is too large, however large it is. A pipe has no length.
    static byte[] ReadBytes(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[ManifestFile.MaxLength + 1];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Invalid($"{path} cannot be read: {error.Message}", "see that the file exists and this user may read it");
        }
    }

    static CliError Invalid(string what, string remedy) => new(what, remedy, ExitCode.Invalid);
}
