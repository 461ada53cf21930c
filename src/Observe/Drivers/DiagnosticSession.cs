using System.Buffers.Binary;
using System.Net.Sockets;
using Mainstay.Observe.Collect.Runtime;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Listens to the counters of one .NET process until it ends or we do. The runtime holds at most <see cref="DiagnosticMessage.BufferMegabytes"/> MB for us, and stops the session by itself
/// when our end of the socket goes.
/// </summary>
sealed class DiagnosticSession(string socketPath, int everySeconds)
{
    static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(1);

    /// <summary>What it says.</summary>
    public RuntimeCounters Counters { get; } = new();

    /// <summary>Runs to the end of the process, or of our interest. Throws <see cref="SocketException"/> or <see cref="IOException"/> where it cannot listen.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var socket = await ConnectAsync(stop);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(DiagnosticMessage.Begin(everySeconds), stop);
        var head = new byte[DiagnosticMessage.HeaderBytes];
        await stream.ReadExactlyAsync(head, stop);
        if (DiagnosticMessage.Accepted(head) is not (>= 8 and <= 64 and var size))
        {
            throw new IOException("the runtime refuses to tell its counters");
        }

        var body = new byte[size];
        await stream.ReadExactlyAsync(body, stop);
        try
        {
            await ListenAsync(stream, stop);
        }
        finally
        {
            await EndAsync(BinaryPrimitives.ReadUInt64LittleEndian(body));
        }
    }

    async Task ListenAsync(NetworkStream stream, CancellationToken stop)
    {
        var reader = new NetTraceReader(Counters.Note);
        var buffer = new byte[16 << 10];
        while (!reader.IsOver && await stream.ReadAsync(buffer, stop) is > 0 and var count)
        {
            reader.Feed(buffer.AsSpan(0, count));
            if (reader.IsBroken)
            {
                throw new IOException("the runtime's counters come in a format that is not understood");
            }
        }
    }

    async Task<Socket> ConnectAsync(CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Best effort: a process that has ended has ended its sessions too.
    async Task EndAsync(ulong session)
    {
        using var deadline = new CancellationTokenSource(StopWithin);
        try
        {
            using var socket = await ConnectAsync(deadline.Token);
            await socket.SendAsync(DiagnosticMessage.End(session), deadline.Token);
            await socket.ReceiveAsync(new byte[64], deadline.Token);
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // The socket's end tells the runtime as well.
        }
    }
}
