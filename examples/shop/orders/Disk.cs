using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Shop.Orders;

/// <summary>The two file system calls that .NET does not offer.</summary>
static partial class Disk
{
    const int FileExists = 17;

    /// <summary>Gives a file a second name in one step and drops the first.</summary>
    /// <returns>False when the name was taken; the file under it is untouched.</returns>
    public static bool MoveIfFree(string from, string to)
    {
        var taken = Link(from, to) != 0;
        if (taken && Marshal.GetLastPInvokeError() is not FileExists)
            throw new IOException($"Cannot create {to}: {Marshal.GetLastPInvokeErrorMessage()}");
        File.Delete(from);
        return !taken;
    }

    /// <summary>Makes the names in a folder survive a loss of power, as a file's flush does for its contents.</summary>
    public static void FlushFolder(string path)
    {
        using var folder = Open(path, flags: 0);
        if (folder.IsInvalid || FSync(folder) != 0)
            throw new IOException($"Cannot flush {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}
