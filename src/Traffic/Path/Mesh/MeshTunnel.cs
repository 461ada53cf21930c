using System.Runtime.CompilerServices;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path.Mesh;

/// <summary>One connection of another host's gateway to one instance: bytes pass both ways as they come. While nothing passes it holds no buffer.</summary>
/// <param name="outer">The secured side.</param>
/// <param name="peer">The host that it comes from.</param>
/// <param name="key">What that host showed.</param>
/// <param name="until">When its certificate ends.</param>
/// <param name="instance">Whom it is for.</param>
internal sealed class MeshTunnel(Wire outer, string peer, string key, DateTimeOffset until, string instance)
{
    private static readonly byte[] Welcome = [MeshDoor.Connected];
    private Wire? inner;
    private long movedMs = long.MaxValue;
    private volatile bool isAsking;
    private volatile bool isBroken;

    public string Peer => peer;

    public string Key => key;

    public DateTimeOffset Until => until;

    /// <summary>When bytes passed last.</summary>
    public long MovedMs => Volatile.Read(ref movedMs);

    /// <summary>Runs until both directions have ended or one broke. False where the instance could not be reached.</summary>
    public async Task<bool> RunAsync(MeshDoor door)
    {
        if (await door.ReachAsync(instance, outer.Lane) is not { } reached) return false;
        inner = reached;
        var clock = door.Gateway.Clock;
        Volatile.Write(ref movedMs, clock.CoarseMs);
        if (isBroken || await outer.SendAsync(Welcome) < 0)
        {
            reached.Close(reset: true);
            return true;
        }
        var up = CopyAsync(outer, reached, asks: true, clock);
        await CopyAsync(reached, outer, asks: false, clock);
        await up;
        reached.Close();
        return true;
    }

    /// <summary>Nothing has passed for a while, and what passed last was an answer.</summary>
    public bool IsQuiet(long nowMs, long spanMs) => !isAsking && nowMs - MovedMs >= spanMs;

    /// <summary>Ends it as one that is not used; both sides are told.</summary>
    public void End()
    {
        outer.Close();
        inner?.Close();
    }

    /// <summary>Breaks off what is under way.</summary>
    public void Break()
    {
        isBroken = true;
        outer.Close(reset: true);
        inner?.Close(reset: true);
    }

    /// <summary>Copies one direction; where it breaks, both sides are closed.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private async ValueTask<bool> CopyAsync(Wire from, Wire to, bool asks, Clock clock)
    {
        while (true)
        {
            if (from.WaitsWithoutBuffer && await from.ReadableAsync() < 0) break;
            var buffer = Buffers.Rent();
            try
            {
                var received = await from.ReceiveAsync(buffer);
                if (received == 0)
                {
                    to.EndSending();
                    return true;
                }
                if (received < 0) break;
                isAsking = asks;
                Volatile.Write(ref movedMs, clock.CoarseMs);
                if (await to.SendAsync(buffer.AsMemory(0, received)) < 0) break;
            }
            finally
            {
                Buffers.Return(buffer);
            }
        }
        from.Close(reset: true);
        to.Close(reset: true);
        return false;
    }
}
