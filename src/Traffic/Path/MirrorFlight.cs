using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>One copy of a request on its way to another service, detached from the exchange that it was made of.</summary>
internal sealed class MirrorFlight(Gateway gateway, MirrorPolicy policy, Cluster cluster, int lane, bool isHead)
{
    private const int InterimLimit = 8;
    private byte[] bytes = [];
    private int length;
    private volatile ConnectAttempt? attempt;
    private volatile Upstream? upstream;
    private volatile bool isGivenUp;

    /// <summary>When it is given up; not before it is launched.</summary>
    public long DeadlineMs { get; private set; } = long.MaxValue;

    /// <summary>Takes more of the request, as it is to be sent.</summary>
    public void Append(ReadOnlySpan<byte> more)
    {
        if (length + more.Length > bytes.Length)
        {
            var larger = Buffers.Rent(Math.Max(Buffers.Usual, (length + more.Length) * 2));
            bytes.AsSpan(0, length).CopyTo(larger);
            Free();
            bytes = larger;
        }
        more.CopyTo(bytes.AsSpan(length));
        length += more.Length;
    }

    public int Length => length;

    /// <summary>Gives the copy up before it was launched.</summary>
    public void Drop(bool isTooLarge)
    {
        Free();
        policy.Drop(this, isTooLarge);
    }

    /// <summary>Sends it, and forgets it.</summary>
    public void Launch(long timeoutMs)
    {
        DeadlineMs = gateway.Clock.CoarseMs + timeoutMs;
        _ = RunAsync();
    }

    /// <summary>Ends it from another thread: what it waits for fails.</summary>
    public void GiveUp()
    {
        isGivenUp = true;
        attempt?.GiveUp();
        upstream?.Break();
    }

    private async Task RunAsync()
    {
        var isAnswered = false;
        try
        {
            var dice = new Dice(gateway.NextSeed());
            var index = Pick.Next(cluster, key: 0, tried: 0, again: false, gateway.Clock.CoarseMs, ref dice);
            if (index >= 0) isAnswered = await ExchangeAsync(cluster.Endpoints[index]);
        }
        catch (Exception error)
        {
            // A broken invariant stops this copy and nothing else; it is counted and shown.
            gateway.Note(error);
        }
        finally
        {
            policy.Leave(this, isAnswered);
        }
    }

    private async Task<bool> ExchangeAsync(Endpoint endpoint)
    {
        endpoint.Enter();
        try
        {
            var taken = endpoint.TakeIdle(lane, careful: true) ?? await ConnectAsync(endpoint);
            if (taken is null) return false;
            upstream = taken;
            var isFree = !isGivenUp && await taken.Wire.SendAsync(bytes.AsMemory(0, length)) >= 0 && await DiscardAsync(taken);
            upstream = null;
            if (isFree && !isGivenUp && taken.Available == 0) endpoint.Keep(taken, gateway.Clock.CoarseMs);
            else taken.Discard(isOver: isFree);
            return isAnswered;
        }
        finally
        {
            endpoint.Leave();
            Free();
        }
    }

    private bool isAnswered;

    private async Task<Upstream?> ConnectAsync(Endpoint endpoint)
    {
        var connect = new ConnectAttempt(lane);
        attempt = connect;
        if (isGivenUp) connect.GiveUp();
        var wire = await endpoint.Reach.ConnectAsync(gateway.Transport, connect);
        attempt = null;
        return wire is null ? null : new Upstream(endpoint, wire);
    }

    /// <summary>Receives the response to its end and throws it away. True when the connection can be used again.</summary>
    private async Task<bool> DiscardAsync(Upstream from)
    {
        var head = new ResponseHead();
        head.Reset();
        for (var interims = 0; ;)
        {
            var status = head.Parse(from.Received.Span, gateway.Limits);
            if (status == ParseStatus.Bad || head.Status == 101) return false;
            if (status == ParseStatus.Complete)
            {
                from.Skip(head.Length);
                if (!head.IsInterim) break;
                if (++interims > InterimLimit) return false;
                head.Reset();
                continue;
            }
            if (!await MoreAsync(from)) return false;
        }
        isAnswered = true;
        if (isHead || head.Status is 204 or 304) return head.Persistent;
        var chunks = new ChunkScanner();
        for (var left = head.ContentLength; ;)
        {
            if (head.Chunked)
            {
                from.Skip(chunks.Take(from.Received.Span, strip: false, out _));
                if (chunks.IsBad) return false;
                if (chunks.IsDone) return head.Persistent;
            }
            else
            {
                var run = left < 0 ? from.Available : (int)Math.Min(left, from.Available);
                from.Skip(run);
                if (left >= 0 && (left -= run) == 0) return head.Persistent;
            }
            if (!await MoreAsync(from)) return false;
        }
    }

    private static async Task<bool> MoreAsync(Upstream from)
    {
        var received = await from.ReceiveAsync();
        if (received <= 0) return false;
        from.Took(received);
        return true;
    }

    private void Free()
    {
        if (bytes.Length > 0) Buffers.Return(bytes);
        bytes = [];
    }
}
