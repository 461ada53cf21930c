using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mainstay.Deliver.Drivers;

/// <summary>Opens files for reading without ever waiting: a named pipe that lies among the sources must not hang an apply.</summary>
static class RegularFile
{
    // open(2) on Linux: O_RDONLY is 0, O_NONBLOCK and O_CLOEXEC are the same on all architectures that .NET runs on.
    const int NonBlocking = 0x800;
    const int CloseOnExec = 0x80000;

    /// <exception cref="IOException">It cannot be opened, or is no regular file.</exception>
    public static FileStream Open(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }

        var descriptor = OpenNative(path, NonBlocking | CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        if (stream.CanSeek)
        {
            return stream;
        }

        stream.Dispose();
        throw new IOException("it is a pipe or device, not a file");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int OpenNative([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
