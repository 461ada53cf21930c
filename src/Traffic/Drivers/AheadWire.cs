using System.Net;

namespace Mainstay.Traffic.Drivers;

/// <summary>A wire of which something was received already: that comes first. May tell another peer than the wire below.</summary>
internal sealed class AheadWire(Wire inner, ReadOnlyMemory<byte> ahead, IPEndPoint? peer) : Wire
{
    private ReadOnlyMemory<byte> ahead = ahead;

    public override IPEndPoint? Peer => peer;

    public override WireFacts? Facts => inner.Facts;

    public override int Lane => inner.Lane;

    public override bool WaitsWithoutBuffer => inner.WaitsWithoutBuffer;

    public override bool IsReadable => !ahead.IsEmpty || inner.IsReadable;

    public override bool IsEnded => ahead.IsEmpty && inner.IsEnded;

    public override ValueTask<int> ReadableAsync() => ahead.IsEmpty ? inner.ReadableAsync() : new ValueTask<int>(0);

    public override ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        if (ahead.IsEmpty) return inner.ReceiveAsync(into);
        var length = Math.Min(ahead.Length, into.Length);
        ahead[..length].CopyTo(into);
        ahead = ahead[length..];
        return new ValueTask<int>(length);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => inner.SendAsync(bytes);

    public override void GoOn(IResumable what) => inner.GoOn(what);

    public override void Soon(IResumable what) => inner.Soon(what);

    public override void EndSending() => inner.EndSending();

    public override void StopReceiving() => inner.StopReceiving();

    public override void Close(bool reset = false) => inner.Close(reset);
}
