using Mainstay.Core.Validation;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// What requests of a route must be like; what is not is answered with everything that is wrong with it, and does not reach the service. Looked at
/// after the guard.
/// </summary>
public sealed record ValidateSpec
{
    const long MostBody = 16 * 1024 * 1024;

    /// <summary>Which kinds of body there may be, such as <c>application/json</c>, <c>text/*</c> or <c>application/*+json</c>; else 415. Default: any; with a body to be checked, JSON. At most 20.</summary>
    public IReadOnlyList<string>? MediaTypes { get; init; }

    /// <summary>Most header lines; else 431. Default: the gateway's own limit; 1 to 100.</summary>
    public int? MaxHeaders { get; init; }

    /// <summary>Most bytes of all header lines; else 431. Default: the gateway's own limit; 64 to 32Ki.</summary>
    public ByteSize? MaxHeaderBytes { get; init; }

    /// <summary>Headers by name, each there once at most, with a test like those of a match: <c>*</c> it is there, <c>!</c> it is not, <c>/…/</c> a regular expression; else 400.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Query parameters by name, in the same way.</summary>
    public IReadOnlyDictionary<string, string>? Query { get; init; }

    /// <summary>A JSON Schema (draft 2020-12) that the body must fit: 400 where it is no JSON, 422 where it does not fit. Default: bodies are not looked at. At most 64Ki, 2,000 schemas within it.</summary>
    public FreeValue? Body { get; init; }

    /// <summary>Whether the schema's <c>format</c> is checked; else it is only a note. Default true.</summary>
    public bool Formats { get; init; } = true;

    /// <summary>The largest body that is checked, which is held in memory meanwhile; beyond it 413. Default 1Mi; 1 to 16Mi.</summary>
    public ByteSize MaxBody { get; init; } = new(1024 * 1024);

    /// <summary>How many errors are told at once. Default 20; 1 to 100.</summary>
    public int Errors { get; init; } = 20;

    public IEnumerable<Problem> Validate()
    {
        if (MediaTypes is null && MaxHeaders is null && MaxHeaderBytes is null && Headers is null && Query is null && Body is null)
        {
            yield return new("", "nothing is looked at", "add mediaTypes, maxHeaders, maxHeaderBytes, headers, query or body, or remove it");
        }

        var problems = (MaxHeaders is { } headers ? Limits.Between("maxHeaders", headers, 1, 100) : [])
            .Concat(Limits.Between("errors", Errors, 1, 100))
            .Concat(ValueTests.Check(Headers, Query, null))
            .Concat(Body?.Validate().Select(p => p.Under("body")) ?? [])
            .Concat(MediaProblems());
        foreach (var problem in problems)
        {
            yield return problem;
        }

        if (MaxHeaderBytes is { } bytes && bytes.Bytes is < 64 or > 32 * 1024)
        {
            yield return new("maxHeaderBytes", $"{bytes} is outside 64 to 32Ki", "choose a size within");
        }

        if (MaxBody.Bytes is < 1 or > MostBody)
        {
            yield return new("maxBody", $"{MaxBody} is outside 1 to 16Mi", "choose a size within");
        }

        foreach (var problem in Body is null ? [] : JsonSchema.Read(Body.Json, Formats).Problems)
        {
            // A pointer into the schema is a path in the manifest.
            var at = problem.Path.Replace('/', '.').Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            yield return problem with { Path = "body" + at };
        }
    }

    IEnumerable<Problem> MediaProblems()
    {
        if (MediaTypes is { Count: 0 or > 20 })
        {
            yield return new("mediaTypes", $"{MediaTypes.Count} is outside 1 to 20", "name the kinds of body that the service takes");
        }

        foreach (var type in MediaTypes ?? [])
        {
            if (type.Split('/') is not [var kind, var part] || !HeaderRules.IsToken(kind) || !HeaderRules.IsToken(part) || type.Length > 127 || kind.Contains('*', StringComparison.Ordinal) || part.LastIndexOf('*') > 0)
            {
                yield return new("mediaTypes", $"'{type}' is not a media type", "write for example application/json, text/* or application/*+json");
            }
            else if (Body is not null && part != "json" && !part.EndsWith("+json", StringComparison.Ordinal))
            {
                yield return new("mediaTypes", $"a schema says nothing about '{type}'", "keep kinds of JSON alone where the body is checked, or give the others a route of their own");
            }
        }
    }
}
