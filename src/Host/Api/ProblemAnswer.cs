using Mainstay.Core.Kinds;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Mainstay.Host.Api;

/// <summary>An error as a problem document (RFC 9457) with a remedy, and every single problem where there are several.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Word">The kind of problem, for programs; its <c>type</c> is <c>urn:mainstay:problem:WORD</c>.</param>
/// <param name="Detail">What is wrong, for people.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record ProblemAnswer(int Status, string Word, string Detail, string Remedy) : Answer
{
    public const string MediaType = "application/problem+json";

    /// <summary>All problems, where the request was understood but what it says is wrong.</summary>
    public IReadOnlyList<ProblemPlace> Problems { get; init; } = [];

    /// <summary>Given as <c>Retry-After</c>, in seconds; null for none.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Given as <c>WWW-Authenticate</c>; null for none.</summary>
    public string? Authenticate { get; init; }

    /// <summary>Given as <c>Allow</c>; null for none.</summary>
    public string? Allow { get; init; }

    public override Task WriteAsync(HttpContext context)
    {
        if (RetryAfter is { } seconds)
        {
            context.Response.Headers.RetryAfter = $"{seconds}";
        }

        if (Allow is not null)
        {
            context.Response.Headers.Allow = Allow;
        }

        if (Authenticate is not null)
        {
            context.Response.Headers.WWWAuthenticate = Authenticate;
        }

        context.Response.Headers.CacheControl = "no-store";
        return new BytesAnswer(Codec.Encode(ToDocument()), Status, MediaType).WriteAsync(context);
    }

    public ProblemDocument ToDocument() => new(
        "urn:mainstay:problem:" + Word, ReasonPhrases.GetReasonPhrase(Status), Status, Detail, Remedy, Problems.Count == 0 ? null : Problems);

    public static ProblemAnswer BadRequest(string detail, string remedy, params IReadOnlyList<ProblemPlace> problems) =>
        new(StatusCodes.Status400BadRequest, "bad-request", detail, remedy) { Problems = problems };

    public static ProblemAnswer NotFound(string detail, string remedy) =>
        new(StatusCodes.Status404NotFound, "not-found", detail, remedy);

    public static ProblemAnswer Conflict(string detail, string remedy) =>
        new(StatusCodes.Status409Conflict, "conflict", detail, remedy);

    /// <summary>422: well-formed, but what it declares is wrong.</summary>
    public static ProblemAnswer Invalid(IReadOnlyList<ProblemPlace> problems) =>
        new(
            StatusCodes.Status422UnprocessableEntity,
            "invalid",
            problems.Count == 1 ? problems[0].What : $"{problems.Count} problems were found; nothing was changed",
            problems.Count == 1 ? problems[0].Remedy : "follow the remedy of each problem")
        {
            Problems = problems,
        };

    /// <summary>507 where the disk is full: nothing was changed, and what was acknowledged is there.</summary>
    public static ProblemAnswer DiskFull(string detail) =>
        new(StatusCodes.Status507InsufficientStorage, "disk-full", detail, "make room on the disk of the data folder, then try again") { RetryAfter = 5 };

    public static ProblemAnswer Unavailable(string detail, string remedy) =>
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", detail, remedy) { RetryAfter = 1 };
}

/// <summary>The members of a problem document on the wire.</summary>
public sealed record ProblemDocument(
    string Type, string Title, int Status, string Detail, string Remedy, IReadOnlyList<ProblemPlace>? Problems = null);

/// <summary>One problem and where it is.</summary>
/// <param name="Path">Dotted keys: <c>services.web.health.interval</c>.</param>
/// <param name="File">The file, where it came from one.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
public sealed record ProblemPlace(string Path, string What, string Remedy, string? File = null, int? Line = null, int? Column = null)
{
    public static ProblemPlace Of(Problem problem) => new(problem.Path, problem.What, problem.Remedy);
}
