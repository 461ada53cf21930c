using System.Runtime.InteropServices;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// The system calls that .NET has no safe equivalent for. Linux on x64 and arm64, glibc 2.29 or musl 1.1.24 and later; constants are those of
/// the kernel's generic ABI, which both architectures share.
/// </summary>
static unsafe partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    public const int WNoHang = 1;
    public const int EIntr = 4;
    public const int ENoEnt = 2;

    public const int OpenReadOnly = 0;
    public const int OpenWriteOnly = 1;
    public const int OpenCreate = 0x40;
    public const int OpenTruncate = 0x200;
    public const int OpenAppend = 0x400;

    public const int FallocateKeepSize = 1;
    public const int FallocatePunchHole = 2;

    public const uint EpollIn = 1;
    public const uint EpollOneShot = 1u << 30;
    public const int EpollAdd = 1;
    public const int EpollDelete = 2;
    public const int CloseOnExec = 0x80000;
    public const int NonBlocking = 0x800;

    public const uint InotifyModify = 2;

    const long SysPidfdSendSignal = 424;
    const long SysPidfdOpen = 434;

    public static int Errno => Marshal.GetLastPInvokeError();

    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>A descriptor that becomes readable when the process ends; -1 where there is no such process. Close-on-exec by definition.</summary>
    public static int PidfdOpen(int pid) => (int)syscall(SysPidfdOpen, pid, 0, 0, 0);

    /// <summary>Signals the very process that the descriptor was opened for, whatever became of its number since.</summary>
    public static int PidfdSendSignal(int pidfd, int signal) => (int)syscall(SysPidfdSendSignal, pidfd, signal, 0, 0);

    /// <summary>Reaps a child that has ended: its exit code, 128 + signal where a signal ended it; null where it is not ours to reap.</summary>
    public static int? Reap(int pid)
    {
        int status, reaped;
        do
        {
            reaped = waitpid(pid, &status, WNoHang);
        }
        while (reaped < 0 && Errno == EIntr);
        return reaped == pid ? ExitCode(status) : null;
    }

    /// <summary>The exit code that a wait status holds, as shells count it.</summary>
    public static int ExitCode(int status) => (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int chown(string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(int epoll, int operation, int fd, byte* entry);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, byte* entries, int most, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    /// <param name="clock">Which clock.</param>
    /// <param name="read">Seconds and nanoseconds.</param>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int clock_gettime(int clock, long* read);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int inotify_add_watch(int fd, string path, uint mask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int inotify_rm_watch(int fd, int watch);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long a, long b, long c, long d);
}
