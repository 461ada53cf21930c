using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>TLS over another wire, by the runtime's own implementation: works wherever .NET does, in both roles.</summary>
#pragma warning disable CA1001 // Closed by Close, as every wire is.
internal sealed class SslStreamWire : Wire
#pragma warning restore CA1001
{
    private readonly Wire inner;
    private readonly WireStream stream;
    private readonly SslStream ssl;
    private WireFacts facts = new("", "", "", null);
    private int ended;

    public SslStreamWire(Wire inner)
    {
        this.inner = inner;
        stream = new WireStream(inner) { Hops = true };
        ssl = new SslStream(stream, leaveInnerStreamOpen: true);
    }

    public override IPEndPoint? Peer => inner.Peer;

    public override WireFacts Facts => facts;

    public override int Lane => inner.Lane;

    public override bool IsReadable => inner.IsReadable;

    public override bool IsEnded => inner.IsEnded;

    /// <summary>The server's side of the handshake. Null when it succeeded, else why not.</summary>
    public async Task<string?> AcceptAsync(ServerOptionsSelectionCallback choose, CancellationToken stop)
    {
        try
        {
            await ssl.AuthenticateAsServerAsync(choose, null, stop);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return e.Message;
        }
        return Settle(ssl.TargetHostName);
    }

    /// <summary>The client's side of the handshake. Null when it succeeded, else why not.</summary>
    public async Task<string?> ConnectAsync(SslClientAuthenticationOptions options, CancellationToken stop)
    {
        try
        {
            await ssl.AuthenticateAsClientAsync(options, stop);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return e.Message;
        }
        return Settle(options.TargetHost ?? "");
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        try
        {
            var received = await ssl.ReadAsync(into, CancellationToken.None);
            return received == 0 && stream.IsBroken ? Broken : received;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Broken;
        }
    }

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await ssl.WriteAsync(bytes, CancellationToken.None);
            return stream.IsBroken ? Broken : bytes.Length;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Broken;
        }
    }

    public override void EndSending()
    {
        var told = SayGoodbyeAsync();
        if (told.IsCompleted) inner.EndSending();
        else _ = told.ContinueWith(static (_, of) => ((Wire)of!).EndSending(), inner, TaskScheduler.Default);
    }

    public override void GoOn(IResumable what) => inner.GoOn(what);

    public override void StopReceiving() => inner.StopReceiving();

    public override void Close(bool reset = false)
    {
        // close_notify goes out where it can at once; a client that does not take it is not waited for.
        if (!reset) _ = SayGoodbyeAsync();
        inner.Close(reset);
        ssl.Dispose();
    }

    /// <summary>RFC 8446 §6.1: close_notify, once.</summary>
    private async Task SayGoodbyeAsync()
    {
        if (Interlocked.Exchange(ref ended, 1) != 0 || !ssl.IsAuthenticated || stream.IsBroken) return;
        try
        {
            await ssl.ShutdownAsync();
        }
        catch (Exception e) when (IsFailure(e))
        {
            // A send is under way, or the connection is gone: its end is told by the connection's own.
        }
    }

    private string? Settle(string name)
    {
        if (stream.IsBroken) return "the connection broke";
        stream.Hops = false;
        var peer = ssl.RemoteCertificate as X509Certificate2;
        facts = new WireFacts(ssl.SslProtocol == SslProtocols.Tls13 ? "1.3" : "1.2", ssl.NegotiatedApplicationProtocol.ToString(), name, peer?.Subject)
        {
            PeerKey = OpenSslWire.KeyOf(peer),
            PeerUntil = peer?.NotAfter.ToUniversalTime() ?? default,
        };
        return null;
    }

    private static bool IsFailure(Exception e) =>
        e is IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException or NotSupportedException or OperationCanceledException;
}
