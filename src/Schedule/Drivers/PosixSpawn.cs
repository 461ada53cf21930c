using System.Runtime.InteropServices;

namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Starts a program as the leader of its own session and process group, so that a signal to our group or terminal does not reach it and one
/// signal reaches all of its children. Nothing of this process leaks into it: no descriptor beyond 0 to 2, no blocked or ignored signal.
/// </summary>
static unsafe partial class PosixSpawn
{
    // Larger than glibc's 336 and musl's 336 bytes of attributes, 80 of file actions, 128 of a signal set.
    const int OpaqueBytes = 512;

    const short SetSigDefault = 0x04;
    const short SetSigMask = 0x08;
    const short SetSession = 0x80;
    const int Mode = 0x180; // 0600: output may hold what is nobody else's business.

    static readonly bool HasCloseFrom = NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out _);

    /// <summary>Starts it. On failure <c>Pid</c> is 0 and <c>Error</c> the errno of the step that failed; nothing runs then.</summary>
    public static (int Pid, int Error) Start(SpawnRequest request)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        try
        {
            var error = Prepare(request, actions, attributes);
            if (error != 0)
            {
                return (0, error);
            }

            using var argv = new StringArray(request.Argv);
            using var envp = new StringArray([.. request.Environment.Select(e => $"{e.Key}={e.Value}")]);
            int pid;
            error = posix_spawn(&pid, request.Argv[0], actions, attributes, argv.Pointer, envp.Pointer);
            return error == 0 ? (pid, 0) : (0, error);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    static int Prepare(SpawnRequest request, byte* actions, byte* attributes)
    {
        const int append = Posix.OpenWriteOnly | Posix.OpenCreate | Posix.OpenAppend;
        var signals = stackalloc byte[OpaqueBytes];

        // .NET ignores SIGPIPE and an ignored signal stays ignored over exec: every signal goes back to its default.
        _ = sigfillset(signals);
        var error = posix_spawnattr_setsigdefault(attributes, signals);
        _ = sigemptyset(signals);
        error = error != 0 ? error : posix_spawnattr_setsigmask(attributes, signals);
        error = error != 0 ? error : posix_spawnattr_setflags(attributes, SetSession | SetSigDefault | SetSigMask);
        error = error != 0 ? error : posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Posix.OpenReadOnly, 0);
        error = error != 0 ? error : posix_spawn_file_actions_addopen(actions, 1, request.Output, append, Mode);
        error = error != 0 ? error : request.Error == request.Output
            ? posix_spawn_file_actions_adddup2(actions, 1, 2)
            : posix_spawn_file_actions_addopen(actions, 2, request.Error, append, Mode);
        error = error != 0 || !HasCloseFrom ? error : posix_spawn_file_actions_addclosefrom_np(actions, 3);
        return error != 0 ? error : posix_spawn_file_actions_addchdir_np(actions, request.Folder);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(int* pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int fd, string path, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addchdir_np(byte* actions, string folder);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_addclosefrom_np(byte* actions, int from);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int sigfillset(byte* set);

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* set);

    /// <summary>A null-terminated array of C strings in native memory.</summary>
    readonly ref struct StringArray
    {
        readonly int count;

        public StringArray(IReadOnlyList<string> items)
        {
            count = items.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < count; i++)
            {
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(items[i]);
            }
        }

        public byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < count; i++)
            {
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            }

            NativeMemory.Free(Pointer);
        }
    }
}

/// <summary>A program to start.</summary>
/// <param name="Argv">The absolute path of the program, then its arguments.</param>
/// <param name="Environment">The whole environment; nothing is inherited.</param>
/// <param name="Folder">Working folder; it exists.</param>
/// <param name="Output">File that standard output is appended to; created where absent.</param>
/// <param name="Error">The same for standard error; may be the same file.</param>
sealed record SpawnRequest(
    IReadOnlyList<string> Argv,
    IReadOnlyDictionary<string, string> Environment,
    string Folder,
    string Output,
    string Error);
