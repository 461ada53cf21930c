using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Host.Api;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Security;

/// <summary>
/// Who may talk to the Admin API. In order, each refusal before anything is read of the body:
/// <list type="number">
/// <item>On a loopback address the Host header names a loopback address or localhost, or a foreign page could reach the API by rebinding its own DNS name.</item>
/// <item>A write that comes from a browser comes from the API's own origin.</item>
/// <item><c>/internal/</c> needs the internal token, as its own header or as bearer token, whatever the address.</item>
/// <item>With a token set, everything else but health checks and the dashboard's files needs it.</item>
/// </list>
/// </summary>
public sealed class AccessRules(bool loopback, string? token, string internalToken)
{
    public const string InternalHeader = "X-Mainstay-Token";

    static readonly string[] Open = ["/healthz", "/livez", "/readyz"];

    readonly byte[]? token = token is null ? null : Digest(token);
    readonly byte[] internalToken = Digest(internalToken);

    /// <summary>The rules of the door for agents; null where there is none.</summary>
    public NodeRules? Nodes { get; init; }

    /// <summary>Why the request is refused; null where it is not.</summary>
    public ProblemAnswer? Refuse(HttpRequest request)
    {
        if (Nodes is not null && NodeRules.IsOurs(request))
        {
            return Nodes.Refuse(request);
        }

        if (request.Path.StartsWithSegments(NodeRules.JoinPath))
        {
            return Forbidden("door", "machines join through the door for agents", "use the address that 'mainstay host token' says");
        }

        if (loopback && !IsLoopback(request.Host.Host))
        {
            return Forbidden("host", "the Host header does not name this machine", "use http://127.0.0.1 or http://localhost with the API's port");
        }

        if (IsWrite(request.Method) && !IsSameOrigin(request))
        {
            return Forbidden("origin", "the request comes from another origin", "write from the API's own pages, or from a program that sends no Origin header");
        }

        if (request.Path.StartsWithSegments("/internal"))
        {
            return Matches(internalToken, request.Headers[InternalHeader]) || Matches(internalToken, Bearer(request))
                ? null
                : Forbidden("internal-token", "internal endpoints need the internal token", $"send the content of run/token in the data folder as {InternalHeader}");
        }

        return token is null || !NeedsToken(request) || Matches(token, Bearer(request)) ? null : Unauthorized();
    }

    static bool NeedsToken(HttpRequest request)
    {
        var path = request.Path;
        return path.StartsWithSegments("/api") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/metrics") || path.StartsWithSegments("/prometheus")
            || (!Open.Contains(path.Value, StringComparer.Ordinal) && IsWrite(request.Method));
    }

    static bool IsWrite(string method) => !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));

    static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    // Fetch metadata covers browsers that leave Origin out; programs send neither.
    static bool IsSameOrigin(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
        {
            return false;
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    static string Bearer(HttpRequest request)
    {
        var value = request.Headers.Authorization.ToString();
        return value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value["Bearer ".Length..].Trim() : "";
    }

    // Digests have one length, so that the comparison tells nothing, not even how long the token is.
    static bool Matches(byte[] expected, string? given) => CryptographicOperations.FixedTimeEquals(expected, Digest(given ?? ""));

    static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    static ProblemAnswer Forbidden(string word, string detail, string remedy) => new(StatusCodes.Status403Forbidden, word, detail, remedy);

    static ProblemAnswer Unauthorized() =>
        new(StatusCodes.Status401Unauthorized, "token", "this address needs a token", "send Authorization: Bearer TOKEN, or set --token or MAINSTAY_TOKEN")
        {
            Authenticate = "Bearer",
        };
}
