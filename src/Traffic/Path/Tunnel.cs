using System.Runtime.CompilerServices;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Traffic.Path;

/// <summary>
/// After 101 Switching Protocols: bytes pass both ways as they come, and when one side has ended its direction the other goes on
/// (half-close).
/// </summary>
internal static class Tunnel
{
    /// <summary>Runs until both directions have ended or one broke.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<bool> RunAsync(Exchange x)
    {
        var upstream = x.Upstream!;
        var length = Relay.WriteHead(x, strip: false);
        x.Answered = true;
        x.Connection.Waits.ForTunnel();
        var sent = await x.Client.SendAsync(x.Output.AsMemory(0, length));
        if (sent < 0) return Break(x, Reason.ClientAborted);
        x.BytesOut += sent;

        // What came along with the heads goes first; it is complete before the copying begins, so its buffers are free again.
        if (upstream.Available > 0)
        {
            sent = await x.Client.SendAsync(upstream.Received);
            if (sent < 0) return Break(x, Reason.ClientAborted);
            x.BytesOut += sent;
            upstream.Skip(upstream.Available);
        }
        x.Input.Skip(x.Request.Length);
        if (x.Input.Available > 0)
        {
            sent = await upstream.Wire.SendAsync(x.Input.Memory);
            if (sent < 0) return Break(x, Reason.UpstreamAborted);
            x.BytesIn += sent;
            x.Input.Skip(x.Input.Available);
        }

        var up = CopyAsync(x, x.Client, upstream.Wire);
        var down = await CopyAsync(x, upstream.Wire, x.Client);
        var rise = await up;
        x.BytesOut += Math.Max(down, ~down);
        x.BytesIn += Math.Max(rise, ~rise);
        if (down < 0 || rise < 0) x.Reason = down < 0 ? Reason.UpstreamAborted : Reason.ClientAborted;
        return down >= 0 && rise >= 0;
    }

    /// <summary>Copies one direction. The bytes copied, or their complement if it broke (both sides are closed then).</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    private static async ValueTask<long> CopyAsync(Exchange x, Wire from, Wire to)
    {
        var buffer = Buffers.Rent();
        var copied = 0L;
        try
        {
            while (true)
            {
                var received = await from.ReceiveAsync(buffer);
                if (received == 0)
                {
                    to.EndSending();
                    return copied;
                }
                if (received < 0) break;
                x.Connection.Waits.TunnelMoved();
                if (await to.SendAsync(buffer.AsMemory(0, received)) < 0) break;
                copied += received;
            }
            from.Close(reset: true);
            to.Close(reset: true);
            return ~copied;
        }
        finally
        {
            Buffers.Return(buffer);
        }
    }

    private static bool Break(Exchange x, Reason reason)
    {
        x.Reason = reason;
        return false;
    }
}
