using System.IO.Pipelines;
using System.Net;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>A client's connection as Kestrel sees it: pipes over our wire.</summary>
internal sealed class FrontConnection : ConnectionContext, IDuplexPipe
{
    private readonly Wire wire;
    private readonly CancellationTokenSource closed = new();
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FrontConnection(Gateway gateway, Listener listener, Wire wire, long number)
    {
        this.wire = wire;
        Gateway = gateway;
        Listener = listener;
        ConnectionId = number.ToString();
        var stream = new WireStream(wire);
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(BlockPool.Instance, bufferSize: BlockPool.BlockBytes, minimumReadSize: 1024, leaveOpen: true));
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(BlockPool.Instance, leaveOpen: true));
        Features.Set(this);
    }

    public Gateway Gateway { get; }

    public Listener Listener { get; }

    public WireFacts? Facts => wire.Facts;

    public int Lane => wire.Lane;

    public IPEndPoint? Peer => wire.Peer;

    /// <summary>Completes when the connection is over.</summary>
    public Task Done => done.Task;

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport
    {
        get => this;
        set => throw new NotSupportedException();
    }

    public override EndPoint? RemoteEndPoint
    {
        get => wire.Peer;
        set => throw new NotSupportedException();
    }

    public override CancellationToken ConnectionClosed
    {
        get => closed.Token;
        set => throw new NotSupportedException();
    }

    /// <summary>Says GOAWAY: streams under way are finished, no further ones are begun.</summary>
    public void Retire() => Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    public override void Abort(ConnectionAbortedException abortReason) => wire.Close(reset: true);

    public override async ValueTask DisposeAsync()
    {
        wire.Close();
        await base.DisposeAsync();
        if (done.TrySetResult()) closed.Dispose();
    }
}
