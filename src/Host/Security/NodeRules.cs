using Mainstay.Host.Api;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Security;

/// <summary>
/// Who may talk through the door for agents, which is TLS with our own certificates. In order:
/// <list type="number">
/// <item>The authority's certificate and joining need none; whoever joins shows a token.</item>
/// <item>Everything else needs the certificate of a host that has joined and was not removed since; one that ended is good for its own renewal.</item>
/// <item>Only what agents and gateways use is there, and an agent speaks for its own host alone.</item>
/// </list>
/// </summary>
/// <param name="authority">Who signs.</param>
/// <param name="isKnown">Whether a host's key is the one that it joined with.</param>
public sealed class NodeRules(NodeAuthority authority, Func<string, string, bool> isKnown)
{
    public const string JoinPath = "/join";
    public const string RenewPath = "/internal/v1/renew";

    /// <summary>Whether the request came through the door: nothing else of the server is TLS.</summary>
    public static bool IsOurs(HttpRequest request) => request.IsHttps;

    /// <summary>Why the request is refused; null where it is not.</summary>
    public ProblemAnswer? Refuse(HttpRequest request)
    {
        if (request.Path.StartsWithSegments(JoinPath))
        {
            return null;
        }

        if (HostOf(request) is not { } host)
        {
            return Forbidden("certificate", "the certificate is not that of a host that has joined", "join with 'mainstay agent --join URL --token TOKEN'; 'mainstay host token' makes one");
        }

        if (!request.Path.StartsWithSegments("/internal"))
        {
            return Forbidden("door", "this door is for agents and gateways", "use the address of the Admin API");
        }

        return request.Path.StartsWithSegments("/internal/v1/agents", out var rest) && rest.Value?.Split('/') is ["", var named, ..] && named != host
            ? Forbidden("host", $"the certificate is {host}'s", "an agent speaks for its own host")
            : null;
    }

    /// <summary>The host that the request comes from; null where that is not proven.</summary>
    public string? HostOf(HttpRequest request) =>
        request.HttpContext.Connection.ClientCertificate is { } shown && authority.HostOf(shown, lapsed: request.Path.StartsWithSegments(RenewPath)) is { } host && isKnown(host, NodeAuthority.KeyOf(shown)) ? host : null;

    static ProblemAnswer Forbidden(string word, string detail, string remedy) => new(StatusCodes.Status403Forbidden, word, detail, remedy);
}
