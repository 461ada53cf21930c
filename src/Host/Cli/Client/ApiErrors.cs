using System.Net;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Client;

/// <summary>Turns the API's refusals into errors for people.</summary>
static class ApiErrors
{
    public static async Task<CliError> OfAsync(HttpResponseMessage response, string server, CancellationToken stop)
    {
        var problem = await ReadAsync(response, stop);
        if (problem is { Problems: [_, ..] problems } && response.StatusCode == HttpStatusCode.UnprocessableEntity)
        {
            var isManifest = problems.Any(p => p.File is { Length: > 0 }) || response.RequestMessage?.RequestUri?.AbsolutePath.EndsWith("/apply", StringComparison.Ordinal) == true;
            // One thing that is wrong with a command needs no list.
            return !isManifest && problems is [var only] ? new CliError(TextWidth.Harmless(only.What), TextWidth.Harmless(only.Remedy), ExitCode.Invalid) : ManifestProblems.AsError(problems, isManifest ? "the manifest" : "what is asked");
        }

        var status = (int)response.StatusCode;
        var what = problem?.Detail ?? problem?.Title ?? $"the server at {server} answered {status} {response.ReasonPhrase}".TrimEnd();
        return new CliError(what, problem?.Remedy ?? RemedyOf(response.StatusCode), CodeOf(response.StatusCode)) { Status = status };
    }

    static string RemedyOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "give the server's token with --token or MAINSTAY_TOKEN",
        HttpStatusCode.NotFound => "'mainstay status' lists what there is",
        HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict => "it was changed by somebody else in between: look at it and try again",
        HttpStatusCode.InsufficientStorage => "make room on the disk of the data folder",
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => "try again in a moment",
        >= HttpStatusCode.InternalServerError => "see the server's log in the data folder below logs/roles",
        _ => "see that 'mainstay version' and the server's version are the same",
    };

    static int CodeOf(HttpStatusCode status) =>
        status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity
            ? ExitCode.Invalid
            : ExitCode.Failed;

    // What stands behind --server need not be a server of ours: anything else than a problem document is described by its status alone.
    static async Task<ProblemDocument?> ReadAsync(HttpResponseMessage response, CancellationToken stop)
    {
        try
        {
            var body = await response.Content.ReadAsByteArrayAsync(stop);
            return Codec.Decode<ProblemDocument>(body);
        }
        catch (Exception error) when (error is JsonException or HttpRequestException or IOException)
        {
            return null;
        }
    }
}
