using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.State.Config;
using Mainstay.State.Secrets;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Config;

/// <summary>The configuration centre over HTTP: read and waited for; edited, compared, published and rolled back.</summary>
public sealed class ConfigEndpoints(ConfigKeeper keeper, ConfigReads reads, ConfigStager stager, SecretKeeper secrets, KindRegistry kinds, TimeProvider time, EventNames names, string internalToken)
{
    const int MostText = 500;
    static readonly TimeSpan MostWait = TimeSpan.FromSeconds(60);
    long serial;

    static IReadOnlyList<(string Name, string Meaning)> ReadQuery { get; } =
    [
        ("environment", "Whose overlay counts; default the architecture's, `*` for none."),
        ("wait", "With If-None-Match: wait up to this long (60s at the most) for another tag, then 304."),
        ("reader", "What the reader calls itself; it is then listed with the tag that it has, and may be among the first that have a staged publish."),
        ("labels", "Labels of the reader, as KEY=VALUE joined by commas, beside those of its host."),
    ];

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/config/{space}/effective", "What a name space comes to with all that it inherits, each value with where it comes from. Its ETag names the versions that it is made of.", c => EffectiveAsync(c, reveal: false)) { Query = ReadQuery, Answer = typeof(ConfigPage) },
        new("GET", "/internal/v1/config/{space}", "The same as plain values by key, with secrets in their places.", c => EffectiveAsync(c, reveal: true)) { Query = ReadQuery },
        new("GET", "/api/v1/config/{space}/versions", "Every version after one, the oldest first; waits for the first where there is none yet.", VersionsAsync) { Query = [("after", "The last version that is known. Default 0."), ("wait", "How long to wait; up to 60s.")], Answer = typeof(ConfigVersions) },
        new("GET", "/api/v1/config/{space}/readers", "Who reads a name space, and what it runs.", ReadersAsync) { Answer = typeof(ConfigReaders) },
        new("GET", "/api/v1/config/{space}/diff", "What a publish would change, and what stands against it.", DiffAsync) { Answer = typeof(ConfigDiff) },
        new("POST", "/api/v1/config/{space}/edit", "Edits a name space: sets and removes values, or replaces what it declares. Nothing is seen of it before it is published.", EditAsync) { Body = typeof(ConfigEdit), Answer = typeof(ConfigDraft), BodyBytes = 4 << 20 },
        new("POST", "/api/v1/config/{space}/discard", "Forgets what was edited.", DiscardAsync) { Answer = typeof(ConfigDraft) },
        new("POST", "/api/v1/config/{space}/publish", "Publishes what was edited, as a version: to all readers, or in stages.", PublishAsync) { Body = typeof(ConfigPublishAsk), Answer = typeof(ConfigVersion) },
        new("GET", "/api/v1/config/{space}/staging", "How a publish that goes out in stages stands.", StagingAsync) { Answer = typeof(ConfigStagingView) },
        new("POST", "/api/v1/config/{space}/staging", "Gives it to all, takes it back, holds it, or lets it go on.", StageAsync) { Body = typeof(ConfigStageAsk), Answer = typeof(ConfigStagingView) },
        new("POST", "/api/v1/config/{space}/rollback", "Publishes once more what an earlier version had published.", RollbackAsync) { Body = typeof(ConfigRollbackAsk), Answer = typeof(ConfigVersion) },
    ];

    async Task<Answer?> EffectiveAsync(Call call, bool reveal)
    {
        var space = call.Path("space");
        var environment = call.Query("environment") ?? reads.DefaultEnvironment;
        var wait = Wait(call, out var tooLong);
        var reader = call.Query("reader");
        var labels = Labels(call.Query("labels"), out var malformed);
        if ((call.Wrong() ?? tooLong ?? malformed) is { } wrong)
        {
            return wrong;
        }

        var has = call.Request.Headers.IfNoneMatch.ToString() is ['"', .. var given, '"'] ? given : null;
        var who = reader is null ? null : new ConfigReaderName(Clean(reader), labels);
        Note();
        var page = await reads.WaitAsync(space, environment, who, has, wait, call.Stop);
        if (page is null)
        {
            return NoSuch(space);
        }

        Note();
        try
        {
            return page.Tag == has ? new NotModified($"\"{page.Tag}\"") : new BytesAnswer(reveal ? await RevealedAsync(page, call.Stop) : page.ToJson(), ETag: $"\"{page.Tag}\"");
        }
        catch (SecretsUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, unavailable.Remedy);
        }

        void Note()
        {
            if (who is not null && has is { Length: <= 4096 })
            {
                reads.Note(space, who, environment, has, call.Context.Connection.RemoteIpAddress?.ToString() ?? "");
            }
        }
    }

    // A reference that leads nowhere is left out: a service must not take its name for the secret.
    async Task<byte[]> RevealedAsync(ConfigPage page, CancellationToken stop)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in page.Values)
        {
            if ((value.IsSecret ? await secrets.RevealAsync(value.Value[ConfigValues.SecretMark.Length..], stop) : value.Value) is { } text)
            {
                values[key] = text;
            }
        }

        return Codec.Encode(values);
    }

    async Task<Answer?> VersionsAsync(Call call)
    {
        var space = call.Path("space");
        var after = call.Number("after", 0, 0, int.MaxValue - 1);
        var wait = Wait(call, out var tooLong);
        if ((call.Wrong() ?? tooLong) is { } wrong)
        {
            return wrong;
        }

        var began = time.GetTimestamp();
        while (true)
        {
            var found = Names.IsValid(space) ? await keeper.HistoryAsync(space, after, call.Stop) : [];
            var left = wait - time.GetElapsedTime(began);
            if (found.Count > 0 || left <= TimeSpan.Zero)
            {
                return found.Count == 0 && await keeper.FindAsync<ConfigSpace>(space, call.Stop) is null ? NoSuch(space) : Answer.Json(new ConfigVersions(found));
            }

            // A publish between the look and the wait is seen at the next one.
            await reads.PauseAsync(left < Look ? left : Look, call.Stop);
        }
    }

    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // Who has it in its environment and reads it besides is listed by what it says itself.
    Task<Answer?> ReadersAsync(Call call)
    {
        var space = call.Path("space");
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var asking = reads.ReadersOf(space).Select(r =>
        {
            var (own, all) = (reads.Find(space, r.Environment, r.Who)?.Tag, reads.Find(space, r.Environment)?.Tag);
            return new ConfigReaderView(r, own == r.Tag, own == r.Tag && own != all);
        }).ToArray();
        return Task.FromResult<Answer?>(Answer.Json(new ConfigReaders([.. asking, .. reads.Given(space).ExceptBy(asking.Select(v => v.Reader.Reader), v => v.Reader.Reader, StringComparer.Ordinal)])));
    }

    async Task<Answer?> DiffAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var space = call.Path("space");
        if (!Names.IsValid(space) || await keeper.FindAsync<ConfigDraft>(space, call.Stop) is not { } draft)
        {
            return ProblemAnswer.NotFound($"nothing of '{Short(space)}' is edited", "edit it first: 'mainstay config set'");
        }

        var all = await keeper.AllAsync(call.Stop);
        var plan = ConfigPublish.Next(space, draft.Content, all, draft.By, "", time.GetUtcNow());
        return Answer.Json(new ConfigDiff(draft.By, draft.At, plan.Version?.Changes ?? ConfigPublish.Diff(all.GetValueOrDefault(space)?.Content, draft.Content), [.. plan.Problems.Select(ProblemPlace.Of)]));
    }

    async Task<Answer?> EditAsync(Call call)
    {
        var (space, edit, wrong) = await ReadAsync<ConfigEdit>(call);
        if (edit is null)
        {
            return wrong;
        }

        var before = await keeper.FindAsync<ConfigSpace>(space, call.Stop);
        if ((edit.Content?.Layer == ConfigLayer.Template || before?.Content.Layer == ConfigLayer.Template) && !IsAdmin(call))
        {
            return OnlyAdmin();
        }

        if (before?.Declared is not null)
        {
            return ProblemAnswer.Conflict($"the manifest declares '{space}'", "change it there and apply it; what it no longer declares is edited here again");
        }

        if (edit.Environment != ConfigContent.Everywhere && !Names.IsValid(edit.Environment))
        {
            var problem = Names.Invalid("environment", Short(edit.Environment));
            return ProblemAnswer.BadRequest(problem.What, problem.Remedy);
        }

        // What is edited is audited: a secret must not come that far.
        var started = (await keeper.FindAsync<ConfigDraft>(space, call.Stop))?.Content ?? before?.Content ?? new ConfigContent();
        ProblemPlace[] bare = [.. ConfigPublish.Bare(space, edit.Apply(started), await keeper.AllAsync(call.Stop)).Select(ProblemPlace.Of)];
        if (bare.Length > 0)
        {
            return ProblemAnswer.Invalid(bare);
        }

        var identity = Identity.Of(call.Request);
        var draft = await keeper.EditAsync(space, content => edit.Apply(content), identity.Who, after => [Audit(identity, "config-edit", space, after.Content)], call.Stop);
        return draft is null ? ProblemAnswer.Conflict($"others edit '{space}' all the time", "try again") : Answer.Json(draft);
    }

    async Task<Answer?> DiscardAsync(Call call)
    {
        var space = call.Path("space");
        var identity = Identity.Of(call.Request);
        return call.Wrong() is { } wrong ? wrong
            : Names.IsValid(space) && await keeper.DiscardAsync(space, draft => [Audit(identity, "config-discard", space, draft.Content)], call.Stop) ? Answer.Json(new ConfigVersions([]))
            : ProblemAnswer.NotFound($"nothing of '{Short(space)}' is edited", "there is nothing to discard");
    }

    async Task<Answer?> PublishAsync(Call call)
    {
        var (space, ask, wrong) = await ReadAsync<ConfigPublishAsk>(call);
        if (ask is null)
        {
            return wrong;
        }

        ProblemPlace[] problems = [.. ask.Stages?.Validate().Select(p => ProblemPlace.Of(p.Under("stages"))) ?? []];
        if (problems.Length > 0)
        {
            return ProblemAnswer.Invalid(problems);
        }

        var draft = await keeper.FindAsync<ConfigDraft>(space, call.Stop);
        var identity = Identity.Of(call.Request);
        return draft?.Content.Layer == ConfigLayer.Template && !IsAdmin(call) ? OnlyAdmin()
            : Published(await keeper.PublishAsync(
                space, identity.Who, Clean(ask.Reason), ask.Stages is { } stages ? version => stager.First(version, stages) : null, version => Told(identity, ask.Stages is null ? "config-publish" : "config-stage", version), call.Stop));
    }

    async Task<Answer?> StagingAsync(Call call)
    {
        var space = call.Path("space");
        return call.Wrong() is { } wrong ? wrong
            : !Names.IsValid(space) || await keeper.FindAsync<ConfigSpace>(space, call.Stop) is not { } known ? NoSuch(space)
            : Answer.Json(stager.View(known));
    }

    async Task<Answer?> StageAsync(Call call)
    {
        var (space, ask, wrong) = await ReadAsync<ConfigStageAsk>(call);
        if (ask is null)
        {
            return wrong;
        }

        var before = await keeper.FindAsync<ConfigSpace>(space, call.Stop);
        if (before is null)
        {
            return NoSuch(space);
        }

        if (before.Staged is null)
        {
            return ProblemAnswer.Conflict($"no publish of '{space}' is going out in stages", $"see 'mainstay config history {space}'");
        }

        if ((before.Content.Layer == ConfigLayer.Template || before.Staged.Content.Layer == ConfigLayer.Template) && !IsAdmin(call))
        {
            return OnlyAdmin();
        }

        var identity = Identity.Of(call.Request);
        var problem = ask.Act switch
        {
            "promote" or "abort" or "pause" or "resume" => await stager.ActAsync(space, ask.Act, Clean(ask.Reason), identity.Who, (verb, staged) => Audit(identity, verb, space, new { staged.Number, reason = Clean(ask.Reason) }), call.Stop),
            _ => new Problem("act", $"'{Short(ask.Act)}' is no act", "write promote, abort, pause or resume"),
        };
        return problem is not null ? ProblemAnswer.Invalid([ProblemPlace.Of(problem)])
            : Answer.Json(stager.View((await keeper.FindAsync<ConfigSpace>(space, call.Stop))!));
    }

    async Task<Answer?> RollbackAsync(Call call)
    {
        var (space, ask, wrong) = await ReadAsync<ConfigRollbackAsk>(call);
        if (ask is null)
        {
            return wrong;
        }

        var before = await keeper.FindAsync<ConfigSpace>(space, call.Stop);
        var identity = Identity.Of(call.Request);
        var reason = Clean(ask.Reason.Length > 0 ? ask.Reason : $"back to version {ask.Version}");
        return before?.Content.Layer == ConfigLayer.Template && !IsAdmin(call) ? OnlyAdmin()
            : Published(await keeper.RollbackAsync(space, ask.Version, identity.Who, reason, version => Told(identity, "config-rollback", version), call.Stop));
    }

    static Answer Published(ConfigPlan plan) => plan.Version is { } version ? Answer.Json(version) : ProblemAnswer.Invalid([.. plan.Problems.Select(ProblemPlace.Of)]);

    IEnumerable<Operation> Told(Identity identity, string verb, ConfigVersion version)
    {
        yield return Audit(identity, verb, version.Space, version.Changes);
        yield return Put(names.Make(version.At, $"config/{version.Space}", verb == "config-stage" ? "ConfigStaged" : "ConfigPublished", $"{identity.Who} {(verb == "config-stage" ? "gives some readers" : "published")} version {version.Number} of {version.Space}, {version.Changes.Count} changes{(version.Reason.Length > 0 ? ": " + version.Reason : "")}"));
    }

    Operation Audit<T>(Identity identity, string verb, string space, T after)
    {
        var now = time.GetUtcNow();
        var text = Encoding.UTF8.GetString(Codec.Encode(after));
        return Put(new AuditEntry
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-config-{Interlocked.Increment(ref serial):D6}", At = now, Who = identity.Who, From = identity.From, Verb = verb, About = $"config/{space}",
            After = text.Length <= 16 << 10 ? text : text[..(16 << 10)],
        });
    }

    // Whoever can read the data folder of the server administers it.
    bool IsAdmin(Call call) => System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(call.Request.Headers[AccessRules.InternalHeader].ToString()), Encoding.UTF8.GetBytes(internalToken));

    static ProblemAnswer OnlyAdmin() => new(
        StatusCodes.Status403Forbidden, "admin", "only the administrator edits templates", $"use 'mainstay config' on the server's machine with its --data, or send the content of run/token there as {AccessRules.InternalHeader}");

    static Dictionary<string, string>? Labels(string? text, out Answer? wrong)
    {
        var labels = text is null ? null : new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in text?.Split(',') ?? [])
        {
            if (one.Split('=', 2) is not [{ Length: > 0 and <= 63 } key, { Length: <= 255 } value] || labels!.Count == 20)
            {
                wrong = ProblemAnswer.BadRequest("'labels' are not up to 20 of KEY=VALUE joined by commas", "write labels=zone=eu,tier=front");
                return null;
            }

            labels[key] = value;
        }

        wrong = null;
        return labels;
    }

    static TimeSpan Wait(Call call, out Answer? wrong)
    {
        wrong = null;
        var text = call.Query("wait");
        if (text is null)
        {
            return TimeSpan.Zero;
        }

        if (Durations.TryParse(text, out var wait) && wait >= TimeSpan.Zero && wait <= MostWait)
        {
            return wait;
        }

        wrong = ProblemAnswer.BadRequest("'wait' is no duration up to 60s", "write wait=30s");
        return TimeSpan.Zero;
    }

    static async Task<(string Space, T? Body, Answer? Wrong)> ReadAsync<T>(Call call)
        where T : class
    {
        var space = call.Path("space");
        if (call.Wrong() is { } wrong)
        {
            return (space, null, wrong);
        }

        // A version's name is the space's with a number behind it.
        if (!Names.IsValid(space) || space.Length > 50)
        {
            return (space, null, ProblemAnswer.BadRequest($"'{Short(space)}' is not a name of a name space", "use 1 to 50 lower-case letters, digits, '-' or '.', beginning and ending with a letter or digit"));
        }

        var (body, malformed) = await Body.ReadAsync<T>(call);
        return (space, body, malformed);
    }

    static ProblemAnswer NoSuch(string space) => ProblemAnswer.NotFound($"there is no name space '{Short(space)}'", "see 'mainstay config list'; what is only edited has to be published first");

    static string Clean(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(MostText)]);

    static string Short(string text) => text.Length <= Names.MaxLength ? text : text[..Names.MaxLength] + "…";

    Operation Put(Resource resource) => new(kinds.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
}
