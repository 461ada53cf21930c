using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Mainstay.Deliver.Drivers;

/// <summary>What a path names, found out without opening it: opening a pipe or a device can wait, or do something.</summary>
static class FileType
{
    // statx(2): the same layout on every architecture.
    const int CurrentFolder = -100;
    const int NoFollow = 0x100;
    const uint TypeAlone = 1;
    const int StructureBytes = 256;
    const int ModeAt = 28;
    const int TypeBits = 0xF000;
    const int Regular = 0x8000;

    /// <summary>Whether it is a socket, a named pipe or a device: something with no content of its own.</summary>
    /// <param name="path">Of something that is neither a folder nor a symbolic link.</param>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static bool IsSpecial(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var seen = new byte[StructureBytes];
        if (Statx(CurrentFolder, path, NoFollow, TypeAlone, seen) != 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        return (BitConverter.ToUInt16(seen, ModeAt) & TypeBits) != Regular;
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] seen);
}
