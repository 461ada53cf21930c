using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Validation;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>
/// Lets pass what is as the route asks for: kinds of body, numbers and sizes of headers, headers and query parameters, and a body that fits a
/// schema. The body is received whole first; nothing of it reaches the service before it is known to fit.
/// </summary>
internal sealed class ValidateGate : Gate, IReporting
{
    /// <summary>Larger bodies are checked on another thread, where nobody else waits for it.</summary>
    private const int MostInPlace = 16 * 1024;

    private static readonly string[] Json = ["application/json", "application/*+json"];

    private readonly string about;
    private readonly ValidateSpec spec;
    private readonly MediaTypes? media;
    private readonly RequestTest[] tests;
    private readonly JsonSchema? schema;
    private readonly bool isBroken;
    private long refused;

    private ValidateGate(string about, ValidateSpec spec) : base("validate")
    {
        this.about = about;
        this.spec = spec;
        media = spec.MediaTypes is { } types ? new MediaTypes(types) : spec.Body is not null ? new MediaTypes(Json) : null;
        tests = [.. RequestTest.Of("header", spec.Headers), .. RequestTest.Of("query", spec.Query)];
        if (spec.Body is { } body) schema = JsonSchema.Read(body.Json, spec.Formats).Schema;
        // The server has checked it; a table on disk may be of another version, and what cannot be checked does not pass.
        isBroken = spec.Body is not null && schema is null;
    }

    public static IEnumerable<Gate> Compile(TargetPlace place)
    {
        if (place.Route?.Spec.Valid is { } spec) yield return place.Policies.Of($"{place.About}/validate", spec, () => new ValidateGate(place.About, spec));
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var request = x.Request;
        if (request.HeaderCount > spec.MaxHeaders || request.Length - request.StartLineLength - 2 > spec.MaxHeaderBytes?.Bytes) return Refuse(x, Reason.HeadTooLarge);
        if (media is not null && request.HasBody && !HasGoodMedia(x)) return Refuse(x, Reason.UnsupportedMediaType);
        if (tests.Length > 0 && FirstMisfit(x) is not null) return Refuse(x, Reason.InvalidRequest, Misfits(x));
        if (isBroken) return Refuse(x, Reason.InvalidBody);
        if (schema is null || !AsksForBody(x)) return Verdict.Pass;
        if (!x.Body.IsComplete || x.Body.Buffered > Math.Min(MostInPlace, spec.MaxBody.Bytes)) return Verdict.Wait;
        return Take(x, Check(x));
    }

    public override async ValueTask<Verdict> WaitAsync(Exchange x, int slot)
    {
        var reason = await BodyIntake.ReceiveAsync(x, (int)spec.MaxBody.Bytes);
        if (reason != Reason.None) return Refuse(x, reason);
        return Take(x, x.Body.Buffered <= MostInPlace ? Check(x) : await Task.Run(() => Check(x)));
    }

    public override Opinion Peek(Exchange x)
    {
        var request = x.Request;
        if (request.HeaderCount > spec.MaxHeaders || request.Length - request.StartLineLength - 2 > spec.MaxHeaderBytes?.Bytes) return Opinion.Refused(Reason.HeadTooLarge, "its headers are more or larger than may be");
        if (media is not null && request.HasBody && !HasGoodMedia(x)) return Opinion.Refused(Reason.UnsupportedMediaType, "its body is of a kind that is not taken here");
        if (FirstMisfit(x) is { } test) return Opinion.Refused(Reason.InvalidRequest, $"{test.Where} {test.Name} {test.Misfit(x)}");
        return new(Verdict.Pass, schema is null || !AsksForBody(x) ? "it is as the route asks" : $"its head is as the route asks; its body, up to {spec.MaxBody}, would have to fit the schema");
    }

    public PolicyReport? Report(long nowMs) =>
        new(about, Name, "validate", isBroken ? "failing" : "ok", isBroken ? "its schema cannot be read by this gateway" : "", new Dictionary<string, double> { ["refused"] = Volatile.Read(ref refused) });

    /// <summary>A body that is there, and one that should be: without it there would be nothing to fit.</summary>
    private static bool AsksForBody(Exchange x) =>
        x.Request.HasBody || x.Request.Method.Of(x.HeadBytes) is var method && (method.SequenceEqual("POST"u8) || method.SequenceEqual("PUT"u8) || method.SequenceEqual("PATCH"u8));

    private bool HasGoodMedia(Exchange x)
    {
        var head = x.HeadBytes;
        if (!x.Request.Only(head, "content-type"u8, out var type) || !media!.Allow(type.Of(head), schema is not null)) return false;
        var at = 0;
        // What is packed cannot be read here.
        return schema is null || !x.Request.Next(head, ref at, "content-encoding"u8, out var coding) || Ascii.EqualsIgnoreCase(coding.Of(head), "identity"u8);
    }

    private RequestTest? FirstMisfit(Exchange x)
    {
        foreach (var test in tests)
        {
            if (!test.Fits(x)) return test;
        }
        return null;
    }

    private List<(string, string, string)> Misfits(Exchange x) =>
        [.. tests.Select(test => (test, Why: test.Misfit(x))).Where(one => one.Why is not null).Take(spec.Errors).Select(one => (one.test.Where, one.test.Name, one.Why!))];

    private (Reason Reason, IReadOnlyList<SchemaError> Errors) Check(Exchange x)
    {
        var content = BodyIntake.Content(x, out var rented);
        try
        {
            var errors = BodyCheck.Check(content, schema!, spec.Errors, out var isJson);
            return (errors.Count == 0 ? Reason.None : isJson ? Reason.InvalidBody : Reason.InvalidRequest, errors);
        }
        finally
        {
            if (rented is not null) Buffers.Return(rented);
        }
    }

    private Verdict Take(Exchange x, (Reason Reason, IReadOnlyList<SchemaError> Errors) found) => found.Reason == Reason.None
        ? Verdict.Pass
        : Refuse(x, found.Reason, [.. found.Errors.Select(error => ("pointer", "#" + Uri.EscapeDataString(error.Pointer).Replace("%2F", "/", StringComparison.Ordinal), error.Message))]);

    private Verdict Refuse(Exchange x, Reason reason, IReadOnlyList<(string, string, string)>? errors = null)
    {
        Interlocked.Increment(ref refused);
        if (errors is not null) x.Details = Problem.With(reason, errors);
        x.Reason = reason;
        return Verdict.Refuse;
    }
}
