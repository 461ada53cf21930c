using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Drivers;

/// <summary>A file that a build reads.</summary>
/// <param name="Path">Relative to the service's folder, with '/'.</param>
/// <param name="FullPath">Absolute.</param>
/// <param name="LinkTarget">Where it points, as written, when it is a symbolic link; links are never followed.</param>
readonly record struct InputFile(string Path, string FullPath, string? LinkTarget);

/// <summary>Finds the files that a build reads.</summary>
static class InputFiles
{
    static readonly HashSet<string> Skipped = new(StringComparer.Ordinal) { "bin", "obj", "out", "node_modules" };

    static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    /// <summary>
    /// The files of <paramref name="inputs"/> (files or folders, relative to <paramref name="root"/>; none is the whole root) in ordinal order of
    /// paths. Folders named bin, obj, out or node_modules, or with a leading dot, are left out unless named as inputs themselves; sockets, pipes
    /// and devices have no content and are left out, or a problem where named; Mainstay's data folder, <paramref name="own"/>, likewise.
    /// </summary>
    public static (IReadOnlyList<InputFile> Found, Problem? Problem) Below(string root, IReadOnlyList<string> inputs, OwnFolder own, int most)
    {
        var found = new SortedDictionary<string, InputFile>(StringComparer.Ordinal);
        foreach (var input in inputs.Count == 0 ? ["."] : inputs)
        {
            var full = Path.GetFullPath(input, root);
            if (own.Has(full))
            {
                return ([], new("build.inputs", $"'{input}' lies in Mainstay's data folder, which changes by itself", "keep sources and the data folder (--data) apart"));
            }

            try
            {
                var folder = Directory.Exists(full) && new FileInfo(full).LinkTarget is null;
                if (!folder && IsSpecial(new FileInfo(full)))
                {
                    return ([], new("build.inputs", $"'{input}' is a socket, pipe or device, not a file", "name files and folders"));
                }

                var tooMany = folder ? !Walk(root, full, own.Below(full), found, most) : !AddFile(root, new FileInfo(full), found, most);
                if (tooMany)
                {
                    return ([], new("build.inputs", $"the build has more than {most} input files", "name the files and folders that matter in 'build: { command: …, inputs: […] }'"));
                }
            }
            catch (FileNotFoundException)
            {
                return ([], new("build.inputs", $"there is no file or folder '{input}' in {root}", "correct the path; it is relative to the service's folder"));
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                return ([], new("build.inputs", $"cannot list '{input}': {wrong.Message}", "make it readable, or name the inputs that matter"));
            }
        }

        return ([.. found.Values], null);
    }

    // False when there are too many. Links are entries of their own, never a way to further files: so no cycle, and nothing from outside.
    static bool Walk(string root, string top, string? own, SortedDictionary<string, InputFile> found, int most)
    {
        var open = new Stack<string>([top]);
        while (open.TryPop(out var folder))
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything))
            {
                if (entry is DirectoryInfo && entry.LinkTarget is null)
                {
                    if (!Skipped.Contains(entry.Name) && !entry.Name.StartsWith('.') && entry.FullName != own)
                    {
                        open.Push(entry.FullName);
                    }
                }
                else if (!IsSpecial(entry) && !AddFile(root, entry, found, most))
                {
                    return false;
                }
            }
        }

        return true;
    }

    static bool IsSpecial(FileSystemInfo entry) => entry.LinkTarget is null && entry.Exists && FileType.IsSpecial(entry.FullName);

    static bool AddFile(string root, FileSystemInfo file, SortedDictionary<string, InputFile> found, int most)
    {
        var target = file.LinkTarget;
        if (target is null && !file.Exists)
        {
            throw new FileNotFoundException(null, file.FullName);
        }

        var path = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
        found[path] = new(path, file.FullName, target);
        return found.Count <= most;
    }
}
