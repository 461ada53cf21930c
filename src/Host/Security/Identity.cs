using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Security;

/// <summary>Who wrote, for audit: what the client says of itself and where it is. Not proven on loopback, where every local user is trusted alike.</summary>
/// <param name="Who">The user, for example <c>root (cli)</c>; <c>unknown</c> where nothing was said.</param>
/// <param name="From">Remote address and program.</param>
public sealed record Identity(string Who, string From)
{
    /// <summary>Set by the CLI to the user of the operating system, by the dashboard to <c>dashboard</c>. At most 64 characters are kept.</summary>
    public const string Header = "X-Mainstay-User";

    const int Most = 64;

    public static Identity Of(HttpRequest request)
    {
        var who = Clean(request.Headers[Header].ToString());
        var program = Clean(request.Headers.UserAgent.ToString());
        var address = request.HttpContext.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        return new(who.Length == 0 ? "unknown" : who, program.Length == 0 ? address : $"{address} {program}");
    }

    static string Clean(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(Most)]);
}
