using System.Runtime.InteropServices;
using System.Text;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// File descriptors passed between processes over a Unix domain socket (SCM_RIGHTS), which .NET's sockets do not offer.
/// Linux on x64 and arm64; one layout serves glibc and musl, because on little-endian machines they differ only in padding
/// that is zero here.
/// </summary>
internal static unsafe partial class UnixDescriptors
{
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 0x40000000;
    private const int NoSignal = 0x4000;
    private const int Interrupted = 4;

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>A control message with exactly one descriptor: header, the descriptor, padding to eight bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OneDescriptor
    {
        public nuint Length;
        public int Level;
        public int Type;
        public int Descriptor;
        public int Padding;
    }

    private static readonly nuint Used = (nuint)(sizeof(OneDescriptor) - sizeof(int));

    /// <summary>Sends a line of text, with a descriptor if <paramref name="descriptor"/> is not negative. False when the peer is gone.</summary>
    public static bool Send(SafeHandle socket, string line, int descriptor = -1)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        fixed (byte* start = bytes)
        {
            var vector = new Vector { Base = start, Length = (nuint)bytes.Length };
            var control = new OneDescriptor { Length = Used, Level = SolSocket, Type = ScmRights, Descriptor = descriptor };
            var message = new Message { Vectors = &vector, VectorCount = 1 };
            if (descriptor >= 0)
            {
                message.Control = &control;
                message.ControlLength = (nuint)sizeof(OneDescriptor);
            }
            nint sent;
            do sent = sendmsg(socket, &message, NoSignal);
            while (sent < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            return sent == bytes.Length;
        }
    }

    /// <summary>
    /// Receives one line, and the descriptor that came with it or -1. Lines are short (at most 256 bytes) and read bytewise, because a
    /// longer read could swallow the descriptor of the line behind it. Null when the peer is gone or sends something else.
    /// </summary>
    public static string? Receive(SafeHandle socket, out int descriptor)
    {
        descriptor = -1;
        Span<byte> line = stackalloc byte[256];
        for (var length = 0; length < line.Length; length++)
        {
            byte one;
            var control = default(OneDescriptor);
            var vector = new Vector { Base = &one, Length = 1 };
            var message = new Message { Vectors = &vector, VectorCount = 1, Control = &control, ControlLength = (nuint)sizeof(OneDescriptor) };
            nint received;
            do received = recvmsg(socket, &message, CloseOnExec);
            while (received < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            if (received != 1) break;
            if (message.ControlLength >= Used && control.Level == SolSocket && control.Type == ScmRights)
            {
                if (descriptor >= 0) _ = close(descriptor);
                descriptor = control.Descriptor;
            }
            if (one == '\n') return Encoding.UTF8.GetString(line[..length]);
            line[length] = one;
        }
        if (descriptor >= 0) _ = close(descriptor);
        descriptor = -1;
        return null;
    }

    /// <summary>Marks a descriptor as shared with other processes, so that .NET closes it without shutting the socket down.</summary>
    public static void MarkShared(SafeHandle socket) => _ = fcntl(socket, SetDescriptorFlags, 0);

    /// <summary>Closes a descriptor that no handle owns.</summary>
    public static void Close(int descriptor) => _ = close(descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeHandle socket, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
