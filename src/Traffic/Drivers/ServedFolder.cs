using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mainstay.Traffic.Drivers;

/// <summary>What opening a file came to.</summary>
internal enum FileOutcome
{
    File,
    Folder,
    Missing,
}

/// <summary>An open file, with what its answer is made of.</summary>
internal readonly record struct ServedFile(FileOutcome Outcome, SafeFileHandle? Handle, long Size, DateTimeOffset Modified);

/// <summary>
/// Files below one folder. A file whose real place, with all symbolic links followed, is outside of the folder is not there; that is asked of the open file, so that
/// nothing can change in between. Calls block: they run on the thread pool, never on a loop.
/// </summary>
internal sealed class ServedFolder(string root)
{
    // open(2) on Linux: O_RDONLY is 0, O_NONBLOCK and O_CLOEXEC are the same on all architectures that .NET runs on. A pipe must not hang a thread.
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    public string Root { get; } = root;

    /// <summary>Opens a file by its name below the folder (<see cref="Policies.FileNames"/> has made it harmless).</summary>
    public ServedFile Open(string name)
    {
        var missing = new ServedFile(FileOutcome.Missing, null, 0, default);
        try
        {
            var handle = OpenHandle(System.IO.Path.Combine(Root, name));
            if (handle is null) return missing;
            var attributes = File.GetAttributes(handle);
            var isInside = IsInside(handle);
            if (isInside && !attributes.HasFlag(FileAttributes.Directory))
            {
                return new ServedFile(FileOutcome.File, handle, RandomAccess.GetLength(handle), new DateTimeOffset(File.GetLastWriteTimeUtc(handle)));
            }
            handle.Dispose();
            return isInside ? new ServedFile(FileOutcome.Folder, null, 0, default) : missing;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Not to be opened, or a pipe or device: there is no such file.
            return missing;
        }
    }

    /// <summary>Reads a part; 0 at the end or where it cannot be read.</summary>
    public static int Read(SafeFileHandle handle, Span<byte> into, long from)
    {
        try
        {
            return RandomAccess.Read(handle, into, from);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static SafeFileHandle? OpenHandle(string path)
    {
        if (!OperatingSystem.IsLinux()) return Directory.Exists(path) ? null : File.OpenHandle(path, options: FileOptions.None);
        var descriptor = OpenNative(path, NonBlocking | CloseOnExec);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private bool IsInside(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux()) return true;
        using var folder = OpenHandle(Root);
        if (folder is null || PlaceOf(folder) is not { } home || PlaceOf(handle) is not { } place) return false;
        return place == home || place.StartsWith(home == "/" ? home : home + "/", StringComparison.Ordinal);
    }

    private static string? PlaceOf(SafeFileHandle handle) => new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget;

    [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenNative([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}

/// <summary><c>await default(OnPool)</c> goes on on the thread pool, where work may block.</summary>
internal readonly struct OnPool : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public OnPool GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}
