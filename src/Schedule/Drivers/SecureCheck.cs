using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>Checks of instances that speak TLS or HTTP/2, each on a connection of its own.</summary>
static class SecureCheck
{
    // The instance is known by its port, and its certificate is for the name that its callers ask for.
#pragma warning disable CA5359 // Nobody between this process and a port of its own machine could show another one.
    static readonly RemoteCertificateValidationCallback Trusting = static (_, _, _, _) => true;
#pragma warning restore CA5359

    /// <summary>The status of a GET.</summary>
    public static async Task<int> GetAsync(HealthTarget target, CancellationToken stop)
    {
        var (protocol, address) = (target.Spec.Protocol, target.Address);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            SslOptions = new() { RemoteCertificateValidationCallback = Trusting, TargetHost = target.Host ?? address.Address.ToString() },
        };
        using var client = new HttpMessageInvoker(handler);
        var scheme = protocol == HealthProtocol.H2c ? "http" : "https";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{scheme}://{address}{target.Spec.Path}"))
        {
            Version = protocol == HealthProtocol.Https ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = target.Host is { } host ? $"{host}:{address.Port}" : null;
        request.Headers.TryAddWithoutValidation("User-Agent", "mainstay-health");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        using var response = await client.SendAsync(request, stop);
        return (int)response.StatusCode;
    }

    /// <summary>Over a connected socket, a handshake; throws where there is none.</summary>
    public static async Task HandshakeAsync(Socket socket, HealthTarget target, CancellationToken stop)
    {
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = target.Host ?? target.Address.Address.ToString(), RemoteCertificateValidationCallback = Trusting }, stop);
    }
}
