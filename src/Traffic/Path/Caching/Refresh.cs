using System.Net;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Asks the service anew for what is kept, while clients get what is there: a request like the client's on a connection without a socket, past the gates from the cache on. Those
/// before it have let the client pass; what they found out about him is taken along.
/// </summary>
internal sealed class Refresh
{
    private readonly Identity? identity;
    private readonly byte[] onward;

    private Refresh(Exchange x) => (identity, onward, FirstGate) = (x.Identity, x.Onward.Lines.ToArray(), x.Entered);

    /// <summary>The cache's place among the target's gates.</summary>
    public int FirstGate { get; }

    /// <summary>Begins one for a request that stands at the cache.</summary>
    public static void Begin(Exchange x)
    {
        var client = x.Connection;
        var wire = new MutedWire(client.Wire, x.HeadBytes.ToArray());
        var connection = new ClientConnection(client.Gateway, client.Listener, wire, x.Dice.Next()) { Refreshing = new Refresh(x) };
        _ = RunAsync(connection, x.Target!);
    }

    /// <summary>What the guards had found out.</summary>
    public void ApplyTo(Exchange x)
    {
        x.Identity = identity;
        x.Onward.AddLines(onward);
    }

    private static async Task RunAsync(ClientConnection connection, RouteTarget target)
    {
        // The heartbeat looks after its waits.
        connection.Gateway.Remember(connection);
        await connection.RunOnceAsync(target);
        connection.Gateway.ForgetOwn(connection);
    }

    /// <summary>Gives the request's bytes, and hears what comes back without listening.</summary>
    private sealed class MutedWire(Wire client, ReadOnlyMemory<byte> request) : Wire
    {
        private ReadOnlyMemory<byte> left = request;
        private volatile bool isClosed;

        public override IPEndPoint? Peer => client.Peer;

        public override WireFacts? Facts { get; } = client.Facts;

        public override int Lane { get; } = client.Lane;

        public override bool IsReadable => false;

        public override bool IsEnded => false;

        public override ValueTask<int> ReceiveAsync(Memory<byte> into)
        {
            if (isClosed) return new ValueTask<int>(Broken);
            var part = left[..Math.Min(left.Length, into.Length)];
            part.CopyTo(into);
            left = left[part.Length..];
            return new ValueTask<int>(part.Length);
        }

        public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => new(isClosed ? Broken : bytes.Length);

        public override void EndSending()
        {
        }

        public override void StopReceiving()
        {
        }

        public override void Close(bool reset = false) => isClosed = true;
    }
}
