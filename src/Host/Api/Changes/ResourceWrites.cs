using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Deliver;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Changes;

/// <summary>
/// PUT and DELETE of single resources of the kinds that users write. They pass the same way as an apply: checked against the whole, one
/// version each. PUT takes what GET gives; what only Mainstay writes of it (the status) is ignored.
/// </summary>
public sealed class ResourceWrites(Applier applier, KindEndpoints kinds)
{
    static readonly string[] OfTheSystem = ["kind", "revision", "status", "digest", "scale", "generation", "removed", "after", "release"];

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("PUT", "/api/v1/{plural}/{name}", "Declares one resource anew; with If-Match only at that revision.", c => WriteAsync(c, put: true)) { Query = DryRun, Answer = typeof(ChangeResult) },
        new("DELETE", "/api/v1/{plural}/{name}", "Takes one resource out of what is declared; with If-Match only at that revision.", c => WriteAsync(c, put: false)) { Query = DryRun, Answer = typeof(ChangeResult) },
    ];

    static IReadOnlyList<(string, string)> DryRun { get; } = [("dryRun", "true: decides and writes nothing.")];

    async Task<Answer?> WriteAsync(Call call, bool put)
    {
        var (plural, name) = (call.Path("plural"), call.Path("name"));
        if (kinds.Find(plural) is not { } kind)
        {
            return kinds.UnknownKind(plural);
        }

        if (kind.Writes != KindWrites.Users)
        {
            return new ProblemAnswer(StatusCodes.Status405MethodNotAllowed, "read-only", $"{kind.Plural} are written by Mainstay alone", "change the manifest and apply it") { Allow = "GET, HEAD" };
        }

        var dryRun = call.Flag("dryRun");
        if ((WrongRevision(call, out var revision) ?? call.Wrong()) is { } wrong)
        {
            return wrong;
        }

        var author = ChangeEndpoints.AuthorOf(call);
        if (!put)
        {
            return Outcomes.Of(await applier.DeleteAsync(Bare(kind, name), revision, dryRun, author, call.Stop), dryRun);
        }

        var (resource, malformed) = await ReadAsync(call, kind, name);
        return resource is null ? malformed : Outcomes.Of(await applier.PutAsync(resource, revision, dryRun, author, call.Stop), dryRun);
    }

    // RFC 9110 §13.1.1. The star would say "if it exists", which no caller needs here.
    static ProblemAnswer? WrongRevision(Call call, out long? revision)
    {
        revision = null;
        var text = call.Request.Headers.IfMatch.ToString();
        if (text.Length == 0)
        {
            return null;
        }

        if (text is ['"', .. var digits, '"'] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            revision = number;
            return null;
        }

        return ProblemAnswer.BadRequest("If-Match is not a revision", "give the ETag of a GET, for example \"42\"; \"0\" asks that it does not exist");
    }

    static async Task<(Resource? Resource, ProblemAnswer? Wrong)> ReadAsync(Call call, Kind kind, string name)
    {
        var (json, malformed) = await Body.ReadAsync<JsonObject>(call);
        if (json is null)
        {
            return (null, malformed);
        }

        if (json["name"] is { } own && !(own is JsonValue value && value.TryGetValue<string>(out var given) && given == name))
        {
            return (null, ProblemAnswer.BadRequest($"the body's name is not '{name}'", "leave it out, or give the one of the path"));
        }

        foreach (var member in OfTheSystem)
        {
            json.Remove(member);
        }

        json["name"] = name;
        if (kind.Type == typeof(Service) && json["baseFolder"] is null)
        {
            json["baseFolder"] = "";
        }

        try
        {
            return ((Resource)Codec.Decode(kind.Type, Codec.Encode(json), strict: true), null);
        }
        catch (JsonException wrong)
        {
            return (null, Body.Malformed(wrong));
        }
    }

    // A deletion goes by kind and name; the rest of the record only has to be there.
    static Resource Bare(Kind kind, string name) => kind.Type switch
    {
        var t when t == typeof(Service) => new Service { Name = name, BaseFolder = "", Spec = new() },
        var t when t == typeof(Route) => new Route { Name = name, Spec = new() { Match = new(), To = "" } },
        var t when t == typeof(AlertRule) => new AlertRule { Name = name, Spec = new() { Expr = "" } },
        var t when t == typeof(Objective) => new Objective { Name = name, Spec = new() { Route = "" } },
        var t when t == typeof(Flow) => new Flow { Name = name, Spec = new() { Steps = [] } },
        _ => new Gateway { Name = name },
    };
}
