using System.Runtime.CompilerServices;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// A wire as a stream, for what works on streams. A broken wire reads as the end and swallows what is written; <see cref="IsBroken"/> tells
/// it apart, so that a client that leaves costs no exception.
/// </summary>
internal sealed class WireStream(Wire wire, Action? closed = null) : Stream
{
    private volatile bool isBroken;
    private bool isClosed;

    /// <summary>True once a receive or send found the wire broken.</summary>
    public bool IsBroken => isBroken;

    /// <summary>True to go on in the thread pool after each receive: for work that would hold up an event loop, such as a handshake.</summary>
    public bool Hops { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Asked whether there is anything: the read that follows waits just as well.
        if (buffer.IsEmpty) return 0;
        var received = await wire.ReceiveAsync(buffer);
        if (Hops) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (received >= 0) return received;
        isBroken = true;
        return 0;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (isBroken || buffer.IsEmpty) return default;
        var sending = wire.SendAsync(buffer);
        if (!sending.IsCompletedSuccessfully) return FinishAsync(sending);
        if (sending.Result < 0) isBroken = true;
        return default;
    }

    private async ValueTask FinishAsync(ValueTask<int> sending)
    {
        if (await sending < 0) isBroken = true;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref isClosed, true) is false)
        {
            wire.Close();
            closed?.Invoke();
        }
        base.Dispose(disposing);
    }
}
