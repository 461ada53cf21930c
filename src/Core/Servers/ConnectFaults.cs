using System.Net.Sockets;

namespace Mainstay.Core.Servers;

/// <summary>
/// Tells a connection that was reset in the moment in which it stood like every other that cannot be had, as <see cref="HttpRequestException"/>: the HTTP client asks such a socket for its peer's address and lets
/// the socket's own exception through, which nobody who asks over HTTP looks for. It happens where a server is killed while many connect.
/// </summary>
/// <param name="inner">Sends.</param>
public sealed class ConnectFaults(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException reset)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, reset.Message, reset);
        }
    }
}
