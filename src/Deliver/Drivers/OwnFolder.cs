using System.Runtime.InteropServices;

namespace Mainstay.Deliver.Drivers;

/// <summary>Mainstay's own data folder as it may lie among the sources of a build: what is in it changes by itself and is never an input.</summary>
/// <param name="path">Absolute; null where there is none.</param>
sealed class OwnFolder(string? path)
{
    readonly string? real = path is null ? null : Real(path);

    /// <summary>How to tell this folder below <paramref name="top"/>: its path seen from there; null where it lies elsewhere.</summary>
    public string? Below(string top)
    {
        // The same folder has many names where links lead to it.
        var under = real is null ? null : Path.GetRelativePath(Real(top), real);
        return under is null or "." || under == ".." || under.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(under) ? null : Path.GetFullPath(under, top);
    }

    /// <summary>Whether <paramref name="path"/> is this folder or lies in it.</summary>
    public bool Has(string path) => real is not null && (Real(path) + "/").StartsWith(real + "/", StringComparison.Ordinal);

    // What does not exist yet has no other names.
    static string Real(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!OperatingSystem.IsLinux() || RealPath(full, 0) is not (not 0 and var found))
        {
            return full;
        }

        try
        {
            return Marshal.PtrToStringUTF8(found)!;
        }
        finally
        {
            Free(found);
        }
    }

    [DllImport("libc", EntryPoint = "realpath", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint RealPath([MarshalAs(UnmanagedType.LPUTF8Str)] string path, nint buffer);

    [DllImport("libc", EntryPoint = "free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern void Free(nint memory);
}
