using Mainstay.Core.Kinds;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Security;

namespace Mainstay.Host.Api.Changes;

/// <summary>The endpoints that change what is declared as a whole, or ask something of a service. Each write makes an audit entry.</summary>
public sealed class ChangeEndpoints(Applier applier, ApiLimits limits)
{
    const int MostFiles = 32;
    const int LongestMessage = 1000;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/apply", "Makes the architecture as manifests say: one numbered version, or nothing.", ApplyAsync)
        {
            Query = [("dryRun", "true: decides and writes nothing.")],
            Body = typeof(ApplyBody),
            Answer = typeof(ChangeResult),
            BodyBytes = limits.ApplyBytes,
        },
        new("POST", "/api/v1/rollback", "Goes back to an earlier version, with all of it or with one service and whoever has to go along; a new version comes of it.", RollbackAsync)
        {
            Query = [("dryRun", "true: decides and writes nothing.")],
            Body = typeof(RollbackBody),
            Answer = typeof(ChangeResult),
        },
        new("POST", "/api/v1/tags/{name}", "Gives a version a name.", TagAsync) { Body = typeof(TagBody), Answer = typeof(ChangeResult) },
        new("DELETE", "/api/v1/tags/{name}", "Takes the name of a version away.", c => VerbAsync(c, by => applier.TagAsync(c.Path("name"), null, by, c.Stop))) { Answer = typeof(ChangeResult) },
        new("POST", "/api/v1/services/{name}/scale", "Changes the number of a service's instances, within its bounds.", ScaleAsync)
        {
            Body = typeof(ScaleBody),
            Answer = typeof(ChangeResult),
        },
        new("POST", "/api/v1/services/{name}/rollout", "Holds a service's release, lets it go on or to the end, or gives it up.", RolloutAsync)
        {
            Body = typeof(RolloutBody),
            Answer = typeof(ChangeResult),
        },
        new("POST", "/api/v1/services/{name}/restart", "Replaces a service's instances one after another.", c => VerbAsync(c, by => applier.RestartAsync(c.Path("name"), by, c.Stop)))
        {
            Answer = typeof(ChangeResult),
        },
        new("POST", "/api/v1/architecture/stop", "Stops everything in reverse order; it stays declared.", c => VerbAsync(c, by => applier.StopAsync(by, c.Stop)))
        {
            Answer = typeof(ChangeResult),
        },
        new("POST", "/api/v1/architecture/start", "Starts everything that is declared.", c => VerbAsync(c, by => applier.StartAsync(by, c.Stop)))
        {
            Answer = typeof(ChangeResult),
        },
    ];

    /// <summary>Who a write is by.</summary>
    public static Author AuthorOf(Call call, string message = "")
    {
        var identity = Identity.Of(call.Request);
        return new(identity.Who, identity.From, message);
    }

    async Task<Answer?> ApplyAsync(Call call)
    {
        var dryRun = call.Flag("dryRun");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<ApplyBody>(call);
        if (body is null)
        {
            return malformed;
        }

        if (WrongBody(body) is { } refused)
        {
            return refused;
        }

        var request = new ApplyRequest { Files = body.Files, BaseFolder = body.BaseFolder, Run = body.Run, IfVersion = body.IfVersion };
        var outcome = dryRun
            ? await applier.PlanAsync(request, call.Stop)
            : await applier.ApplyAsync(request, AuthorOf(call, body.Message), call.Stop);
        return Outcomes.Of(outcome, dryRun);
    }

    // Required members may still be null: JSON says so, and the serializer lets it.
    static ProblemAnswer? WrongBody(ApplyBody body)
    {
        if (body.Files is null or { Count: 0 or > MostFiles } || body.Files.Any(f => f?.Path is null || f.Text is null))
        {
            return ProblemAnswer.BadRequest($"'files' is not 1 to {MostFiles} manifests", "give each file's path and text", new ProblemPlace("files", $"not 1 to {MostFiles} files with path and text", "give them"));
        }

        if (body.BaseFolder is null)
        {
            return ProblemAnswer.BadRequest("'baseFolder' is null", "give the absolute folder of the manifest");
        }

        return body.Message is null or { Length: > LongestMessage }
            ? ProblemAnswer.BadRequest($"'message' is longer than {LongestMessage} characters, or null", "write a shorter one")
            : null;
    }

    async Task<Answer?> RollbackAsync(Call call)
    {
        var dryRun = call.Flag("dryRun");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<RollbackBody>(call);
        if (body is null)
        {
            return malformed;
        }

        return body.Version is null || body.Message is null or { Length: > LongestMessage }
            ? ProblemAnswer.BadRequest($"'version' is null, or 'message' longer than {LongestMessage} characters", "give the number or tag of a version, and a short message")
            : Outcomes.Of(await applier.RollbackAsync(body.Version, body.Service, dryRun, AuthorOf(call, body.Message), call.Stop), dryRun);
    }

    async Task<Answer?> RolloutAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<RolloutBody>(call);
        if (body is null)
        {
            return malformed;
        }

        return body.Message is null or { Length: > LongestMessage }
            ? ProblemAnswer.BadRequest($"'message' is longer than {LongestMessage} characters, or null", "write a shorter one")
            : Outcomes.Of(await applier.RolloutAsync(call.Path("name"), body.Act, AuthorOf(call, body.Message), call.Stop), dryRun: false);
    }

    async Task<Answer?> TagAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<TagBody>(call);
        return body is null ? malformed : Outcomes.Of(await applier.TagAsync(call.Path("name"), body.Version, AuthorOf(call), call.Stop), dryRun: false);
    }

    async Task<Answer?> ScaleAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<ScaleBody>(call);
        return body is null ? malformed : Outcomes.Of(await applier.ScaleAsync(call.Path("name"), body.Instances, AuthorOf(call), call.Stop), dryRun: false);
    }

    static async Task<Answer?> VerbAsync(Call call, Func<Author, Task<ApplyOutcome>> verb) =>
        call.Wrong() ?? (Answer)Outcomes.Of(await verb(AuthorOf(call)), dryRun: false);
}
