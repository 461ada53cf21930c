using System.Net;

namespace Mainstay.Core.Servers;

/// <summary>Sends every request to the server of a <see cref="ServerChoice"/>, and tells that when it does not answer. A request is sent once: who sent it knows whether it may be sent again.</summary>
/// <param name="choice">Whom to ask.</param>
/// <param name="inner">Sends.</param>
public sealed class ServerHandler(ServerChoice choice, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var server = choice.Current;
        request.RequestUri = new Uri(server, request.RequestUri!.PathAndQuery);
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                choice.Failed(server);
            }

            return response;
        }
        catch
        {
            // Not in time is no answer, too.
            choice.Failed(server);
            throw;
        }
    }
}
