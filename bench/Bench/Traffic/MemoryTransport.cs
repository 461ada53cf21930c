using System.Net;
using System.Threading.Tasks.Sources;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Bench.Traffic;

/// <summary>
/// A network in memory: a client that sends the same request again and again, and endpoints that answer each with the same response.
/// Receives complete at once, or (<paramref name="suspends"/>) only when <see cref="RunPending"/> comes to them, as with real sockets.
/// </summary>
internal sealed class MemoryTransport(byte[] request, byte[] response, bool suspends) : ITransport
{
    private readonly Queue<MemoryWire> pending = new();
    private readonly Queue<IResumable> resumed = new();
    private readonly bool suspends = suspends;

    public MemoryWire Client() => new(this, request, isClient: true);

    public Opened Listen(IPEndPoint at, bool isComing = false) => new(new NoDoor(at), null);

    public ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt) => new(new MemoryWire(this, response, isClient: false));

    /// <summary>Runs something with what is pending.</summary>
    public void Post(IResumable what) => resumed.Enqueue(what);

    /// <summary>Completes receives until none is left.</summary>
    public void RunPending()
    {
        while (true)
        {
            if (resumed.TryDequeue(out var flow)) flow.Execute();
            else if (pending.TryDequeue(out var wire)) wire.Complete();
            else return;
        }
    }

    internal sealed class MemoryWire(MemoryTransport network, byte[] message, bool isClient) : Wire, IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> core;
        private Memory<byte> into;
        private bool isWaiting;
        private int left;

        public override IPEndPoint? Peer { get; } = new(IPAddress.Loopback, 1);

        public override bool IsReadable => false;

        public override bool IsEnded => false;

        /// <summary>Lets a client send so many requests, each when the one before was answered.</summary>
        public void Give(int requests)
        {
            left += requests;
            if (isWaiting) Wake();
        }

        public override ValueTask<int> ReceiveAsync(Memory<byte> buffer)
        {
            into = buffer;
            if (left > 0 && !network.suspends) return new ValueTask<int>(Fill());
            isWaiting = true;
            if (left > 0) Wake();
            return new ValueTask<int>(this, core.Version);
        }

        public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
        {
            if (!isClient) Give(1);
            return new ValueTask<int>(bytes.Length);
        }

        public override void GoOn(IResumable what) => network.resumed.Enqueue(what);

        public void Complete() => core.SetResult(Fill());

        private void Wake()
        {
            isWaiting = false;
            if (network.suspends) network.pending.Enqueue(this);
            else Complete();
        }

        public override void EndSending()
        {
        }

        public override void StopReceiving()
        {
        }

        public override void Close(bool reset = false)
        {
        }

        int IValueTaskSource<int>.GetResult(short token)
        {
            var result = core.GetResult(token);
            core.Reset();
            return result;
        }

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => core.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(Action<object?> next, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(next, state, token, ValueTaskSourceOnCompletedFlags.None);

        private int Fill()
        {
            left--;
            message.CopyTo(into);
            return message.Length;
        }
    }

    private sealed class NoDoor(IPEndPoint at) : IDoor
    {
        public IPEndPoint At => at;

        public ValueTask<Wire?> AcceptAsync(int lane = 0) => new((Wire?)null);

        public void Close(bool forget)
        {
        }
    }
}
