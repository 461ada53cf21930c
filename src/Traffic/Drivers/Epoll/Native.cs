using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>The system calls of the event loop, and the few layouts they need. Linux on x64 and arm64, glibc and musl.</summary>
internal static unsafe partial class Native
{
    public const uint In = 0x1;
    public const uint Out = 0x4;
    public const uint Error = 0x8;
    public const uint HangUp = 0x10;
    public const uint PeerEnded = 0x2000;
    public const uint EdgeTriggered = 1u << 31;

    public const int Add = 1;
    public const int Delete = 2;

    public const int Interrupted = 4;
    public const int NotPermitted = 1;
    public const int Again = 11;
    public const int NoMemory = 12;
    public const int TooManyInSystem = 23;
    public const int TooManyOpen = 24;
    public const int Protocol = 71;
    public const int Aborted = 103;
    public const int NoBuffers = 105;
    public const int InProgress = 115;

    public const int NoSignal = 0x4000;
    public const int Peek = 0x2;
    public const int DontWait = 0x40;

    public const int ShutRead = 0;
    public const int ShutWrite = 1;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SolSocket = 1;
    private const int SocketErrorOption = 4;
    private const int Linger = 13;
    private const int ProtocolTcp = 6;
    private const int NoDelay = 1;
    private const int FamilyV4 = 2;
    private const int FamilyV6 = 10;
    private const int SetFlags = 4;

    /// <summary>Room for any address that is used here.</summary>
    public const int AddressBytes = 28;

    /// <summary>The kernel packs its event on x64 only.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventBytes - sizeof(ulong);

    public static int LastError
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Marshal.GetLastPInvokeError();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong DataOf(byte* entry) => Unsafe.ReadUnaligned<ulong>(entry + DataOffset);

    public static int NewEpoll() => epoll_create1(CloseOnExec);

    /// <summary>A counter whose every write wakes an edge-triggered loop; it is never read.</summary>
    public static int NewBell() => eventfd(0, CloseOnExec | NonBlocking);

    public static void Ring(int bell)
    {
        var one = 1UL;
        _ = write(bell, &one, sizeof(ulong));
    }

    public static int Control(int epoll, int verb, int descriptor, uint events, ulong data)
    {
        var entry = stackalloc byte[16];
        Unsafe.WriteUnaligned(entry, events);
        Unsafe.WriteUnaligned(entry + DataOffset, data);
        return epoll_ctl(epoll, verb, descriptor, entry);
    }

    public static int Accept(int listening, byte* address)
    {
        var length = AddressBytes;
        return accept4(listening, address, &length, CloseOnExec | NonBlocking);
    }

    public static int NewTcp(AddressFamily family)
    {
        var descriptor = socket(family == AddressFamily.InterNetwork ? FamilyV4 : FamilyV6, 1 | CloseOnExec | NonBlocking, ProtocolTcp);
        if (descriptor >= 0) SetNoDelay(descriptor);
        return descriptor;
    }

    /// <summary>Accepted connections inherit it from the listening socket.</summary>
    public static void SetNoDelay(int descriptor)
    {
        var on = 1;
        _ = setsockopt(descriptor, ProtocolTcp, NoDelay, &on, sizeof(int));
    }

    public static void SetNonBlocking(int descriptor) => _ = fcntl(descriptor, SetFlags, NonBlocking);

    /// <summary>Closing it then resets the connection.</summary>
    public static void SetReset(int descriptor)
    {
        var linger = 1L;
        _ = setsockopt(descriptor, SolSocket, Linger, &linger, sizeof(long));
    }

    /// <summary>How a connect that was under way ended: 0 or an error number.</summary>
    public static int OutcomeOf(int descriptor)
    {
        int outcome, length = sizeof(int);
        return getsockopt(descriptor, SolSocket, SocketErrorOption, &outcome, &length) == 0 ? outcome : LastError;
    }

    public static int Connect(int descriptor, IPEndPoint to)
    {
        var address = stackalloc byte[AddressBytes];
        new Span<byte>(address, AddressBytes).Clear();
        var isV4 = to.AddressFamily == AddressFamily.InterNetwork;
        Unsafe.WriteUnaligned(address, (ushort)(isV4 ? FamilyV4 : FamilyV6));
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(address + 2, 2), (ushort)to.Port);
        to.Address.TryWriteBytes(new Span<byte>(address + (isV4 ? 4 : 8), isV4 ? 4 : 16), out _);
        if (!isV4) Unsafe.WriteUnaligned(address + 24, (uint)to.Address.ScopeId);
        return connect(descriptor, address, isV4 ? 16 : AddressBytes);
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_wait(int epoll, byte* events, int most, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recv(int descriptor, byte* into, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(int descriptor, byte* bytes, nint length, int flags);

    [LibraryImport("libc")]
    public static partial int shutdown(int descriptor, int direction);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int verb, int descriptor, byte* entry);

    [LibraryImport("libc")]
    private static partial int eventfd(uint start, int flags);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, void* bytes, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int descriptor, byte* address, int* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int descriptor, byte* address, int length);

    [LibraryImport("libc")]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc")]
    private static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc")]
    private static partial int setsockopt(int descriptor, int level, int option, void* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, void* value, int* length);
}
