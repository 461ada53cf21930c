using System.Buffers.Binary;
using System.Text;

namespace Mainstay.Observe.Collect.Runtime;

/// <summary>Messages of the .NET runtime's diagnostic socket (dotnet/diagnostics, ipc-protocol.md).</summary>
public static class DiagnosticMessage
{
    /// <summary>Magic, size, command set, command, and two bytes that are kept free.</summary>
    public const int HeaderBytes = 20;

    /// <summary>What the runtime holds back for us at most, in megabytes; beyond it events are dropped.</summary>
    public const int BufferMegabytes = 1;

    const byte EventPipe = 2, CollectTracing2 = 3, StopTracing = 1, Server = 0xFF, Ok = 0;
    const int NetTraceFormat = 1;

    static ReadOnlySpan<byte> Magic => "DOTNET_IPC_V1\0"u8;

    /// <summary>Asks for the EventCounters of System.Runtime, each so many seconds, without the list of all methods at the end.</summary>
    public static byte[] Begin(int everySeconds)
    {
        using var body = new MemoryStream();
        using var writer = new BinaryWriter(body);
        writer.Write(BufferMegabytes);
        writer.Write(NetTraceFormat);
        writer.Write((byte)0);
        writer.Write(1);
        writer.Write(0UL);
        writer.Write(4);
        Text(writer, "System.Runtime");
        Text(writer, FormattableString.Invariant($"EventCounterIntervalSec={everySeconds}"));
        return Message(EventPipe, CollectTracing2, body.ToArray());
    }

    /// <summary>Ends a session, from another connection.</summary>
    public static byte[] End(ulong session)
    {
        var body = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(body, session);
        return Message(EventPipe, StopTracing, body);
    }

    /// <summary>The size of the body behind a header; null where the header is no answer that says yes.</summary>
    public static int? Accepted(ReadOnlySpan<byte> header) =>
        header.Length >= HeaderBytes && header.StartsWith(Magic) && header[16] == Server && header[17] == Ok && BinaryPrimitives.ReadUInt16LittleEndian(header[14..]) is >= HeaderBytes and var size
            ? size - HeaderBytes
            : null;

    static byte[] Message(byte set, byte command, byte[] body)
    {
        var message = new byte[HeaderBytes + body.Length];
        Magic.CopyTo(message);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(14), (ushort)message.Length);
        (message[16], message[17]) = (set, command);
        body.CopyTo(message, HeaderBytes);
        return message;
    }

    // The number of characters, the zero included, and UTF-16.
    static void Text(BinaryWriter writer, string text)
    {
        writer.Write(text.Length + 1);
        writer.Write(Encoding.Unicode.GetBytes(text + "\0"));
    }
}
