using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Tls;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>One secured connection: a real client's stream and our wire, or what became of the handshake.</summary>
sealed class SecurePair : IDisposable
{
    SecurePair(SslStream client, Wire? wire)
    {
        Client = client;
        Wire = wire;
    }

    public SslStream Client { get; }

    /// <summary>Null where our side refused.</summary>
    public Wire? Wire { get; }

    /// <summary>What the client shows for the certificate it was given.</summary>
    public string Subject => Client.RemoteCertificate!.Subject;

    /// <summary>The client's failure, where it failed.</summary>
    public Exception? Failure { get; private init; }

    public static async Task<SecurePair> ConnectAsync(
        TlsServer server, string name, SslProtocols versions = SslProtocols.None, X509Certificate2? shown = null, params SslApplicationProtocol[] applications)
    {
        var door = new SocketTransport().Listen(new IPEndPoint(IPAddress.Loopback, 0)).Door!;
        var accepting = AcceptAsync(door, server);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Exception? failure = null;
        SslStream? client = null;
        try
        {
            await socket.ConnectAsync(door.At);
            client = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = name,
                EnabledSslProtocols = versions,
                ApplicationProtocols = [.. applications],
                RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null,
                LocalCertificateSelectionCallback = shown is null ? null : (_, _, _, _, _) => shown,
                ClientCertificates = shown is null ? null : [shown],
            });
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException)
        {
            failure = e;
            client?.Dispose();
        }
        var wire = await accepting.WaitAsync(RawPeer.Patience, TimeProvider.System);
        door.Close(forget: true);
        return new SecurePair(client ?? new SslStream(new MemoryStream()), wire) { Failure = failure };
    }

    public void Dispose()
    {
        Client.Dispose();
        Wire?.Close();
    }

    static async Task<Wire?> AcceptAsync(IDoor door, TlsServer server) =>
        await server.AcceptAsync((await door.AcceptAsync())!, CancellationToken.None);
}
