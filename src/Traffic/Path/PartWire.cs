using System.Net;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>The client's side of a request that the gateway makes itself: gives its bytes, and keeps the response up to a limit.</summary>
/// <param name="client">For whom it is made; null for one who is not there any more.</param>
/// <param name="request">Head and body.</param>
/// <param name="most">Bytes of response; more break the wire.</param>
/// <param name="lane">Where it is served, where there is no client.</param>
internal sealed class PartWire(Wire? client, ReadOnlyMemory<byte> request, int most, int lane = 0) : Wire
{
    private ReadOnlyMemory<byte> left = request;
    private byte[] response = [];
    private int length;
    private volatile bool isClosed;

    public override IPEndPoint? Peer => client?.Peer;

    public override WireFacts? Facts => client?.Facts;

    public override int Lane => client?.Lane ?? lane;

    public override bool IsReadable => false;

    public override bool IsEnded => false;

    /// <summary>The response as far as it came.</summary>
    public ReadOnlyMemory<byte> Response => response.AsMemory(0, length);

    /// <summary>It was larger than it may be.</summary>
    public bool IsTooLarge { get; private set; }

    public override ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        if (isClosed) return new ValueTask<int>(Broken);
        var part = left[..Math.Min(left.Length, into.Length)];
        part.CopyTo(into);
        left = left[part.Length..];
        return new ValueTask<int>(part.Length);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        IsTooLarge |= length + bytes.Length > most;
        if (isClosed || IsTooLarge) return new ValueTask<int>(Broken);
        if (length + bytes.Length > response.Length) Array.Resize(ref response, Math.Min(most, Math.Max(length + bytes.Length, response.Length * 2)));
        bytes.CopyTo(response.AsMemory(length));
        length += bytes.Length;
        return new ValueTask<int>(bytes.Length);
    }

    public override void EndSending()
    {
    }

    public override void StopReceiving()
    {
    }

    public override void Close(bool reset = false) => isClosed = true;
}
