using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Mainstay.Core.Kinds;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>Reads request bodies: JSON of at most the endpoint's limit, in which a member that nothing knows is an error.</summary>
public static class Body
{
    /// <summary>The codec's notation, refusing unknown members, and null where a record, list or map has a value in any case.</summary>
    public static JsonSerializerOptions Strict { get; } = new(Codec.BySerializer)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver().WithAddedModifier(RefuseNullElements),
    };

    /// <summary>The body as <typeparamref name="T"/>, or what is wrong with it.</summary>
    public static async Task<(T? Value, ProblemAnswer? Wrong)> ReadAsync<T>(Call call, JsonSerializerOptions? options = null)
        where T : class
    {
        if (!call.Request.HasJsonContentType())
        {
            return (null, new ProblemAnswer(
                StatusCodes.Status415UnsupportedMediaType, "media-type", "the body is not declared as JSON", "send Content-Type: application/json"));
        }

        try
        {
            var value = await JsonSerializer.DeserializeAsync<T>(call.Request.Body, options ?? Strict, call.Stop);
            return value is null ? (null, ProblemAnswer.BadRequest("the body is null", "send a JSON object")) : (value, null);
        }
        catch (JsonException wrong)
        {
            return (null, Malformed(wrong));
        }
    }

    // The annotations of what lists and maps hold are not known at run time; nothing that is read here holds null.
    static void RefuseNullElements(JsonTypeInfo info)
    {
        if (info.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary && info.ElementType is { IsValueType: false })
        {
            info.OnDeserialized = read =>
            {
                foreach (var element in read is IDictionary map ? map.Values : (IEnumerable)read)
                {
                    _ = element ?? throw new JsonException("null where a value was expected");
                }
            };
        }
    }

    /// <summary>A JSON error as a problem with its place in the body.</summary>
    public static ProblemAnswer Malformed(JsonException wrong)
    {
        var path = wrong.Path is { Length: > 2 } at ? at[2..] : "";
        var what = JsonWords.Of(wrong.InnerException?.Message ?? wrong.Message.Split(" Path: ")[0].TrimEnd('.'), path);
        return ProblemAnswer.BadRequest(
            $"the body is not what this endpoint reads: {what}",
            "see /openapi/v1.json for its shape",
            new ProblemPlace(path, what, "correct the JSON at this place", null, (int?)wrong.LineNumber + 1, (int?)wrong.BytePositionInLine + 1));
    }
}
