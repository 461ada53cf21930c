using System.Text.Json;
using Mainstay.Core.Kinds;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>Reads request bodies: JSON of at most the endpoint's limit, in which a member that nothing knows is an error.</summary>
public static class Body
{
    /// <summary>The body as <typeparamref name="T"/>, or what is wrong with it.</summary>
    /// <param name="call">The request.</param>
    /// <param name="strict">Whether a member that nothing knows, and null where a record, list or map has a value in any case, are refused.</param>
    /// <param name="depth">How deep the body may be nested.</param>
    public static async Task<(T? Value, ProblemAnswer? Wrong)> ReadAsync<T>(Call call, bool strict = true, int depth = 64)
        where T : class
    {
        if (!call.Request.HasJsonContentType())
        {
            return (null, new ProblemAnswer(
                StatusCodes.Status415UnsupportedMediaType, "media-type", "the body is not declared as JSON", "send Content-Type: application/json"));
        }

        try
        {
            using var body = new MemoryStream((int)Math.Min(call.Request.ContentLength ?? 0, 1 << 20));
            await call.Request.Body.CopyToAsync(body, call.Stop);
            var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
            return bytes.Span.Trim(" \t\r\n"u8).SequenceEqual("null"u8) && typeof(T) != typeof(FreeValue)
                ? (null, ProblemAnswer.BadRequest("the body is null", "send a JSON object"))
                : ((T)Codec.Decode(typeof(T), bytes.Span, strict, depth), null);
        }
        catch (JsonException wrong)
        {
            return (null, Malformed(wrong));
        }
    }

    /// <summary>A JSON error as a problem with its place in the body.</summary>
    public static ProblemAnswer Malformed(JsonException wrong)
    {
        var path = wrong.Path is { Length: > 2 } at ? at[2..] : "";
        var what = JsonWords.Of(wrong.Message.Split(" Path: ")[0].TrimEnd('.'), path);
        return ProblemAnswer.BadRequest(
            $"the body is not what this endpoint reads: {what}",
            "see /openapi/v1.json for its shape",
            new ProblemPlace(path, what, "correct the JSON at this place", null, (int?)wrong.LineNumber + 1, (int?)wrong.BytePositionInLine + 1));
    }
}
