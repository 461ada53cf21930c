using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Traffic;

/// <summary>Has gateways forget what they have kept of responses. It changes nothing of what is declared, so it makes no version; it makes an audit entry and an event.</summary>
public sealed class CacheEndpoints(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    // Two at once about the same: the later one sees the earlier.
    const int MostAttempts = 5;

    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/cache/purge", "Has every gateway forget kept responses of a route or need.", PurgeAsync) { Body = typeof(PurgeBody), Answer = typeof(CachePurge) },
    ];

    async Task<Answer?> PurgeAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<PurgeBody>(call);
        if (body is null)
        {
            return malformed;
        }

        var identity = Identity.Of(call.Request);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            await mirror.ReachAsync(store.Revision, call.Stop);
            var now = time.GetUtcNow();
            var before = mirror.Read(seen => seen.Get<CachePurge>(CachePurge.NameOf(body.About)));
            var after = (before ?? new CachePurge { Name = CachePurge.NameOf(body.About), About = body.About }).With(body.Path, identity.Who, now);
            var problems = mirror.Read(seen => after.Validate().Concat(Missing(body.About, seen)).ToArray());
            if (problems.Length > 0)
            {
                return ProblemAnswer.Invalid([.. problems.Select(ProblemPlace.Of)]);
            }

            var note = names.Make(now, body.About, "CachePurged", $"{identity.Who} had the gateways forget {(body.Path is { } path ? $"what they kept of {path}" : "all that they kept")}");
            var result = await store.CommitAsync(
                new([new(KeyOf(after), before?.Revision ?? 0)], [Put(after), Put(note), Put(Audit(identity, now, before, after))]), call.Stop);
            await mirror.ReachAsync(result.Revision, call.Stop);
            if (result.Succeeded)
            {
                return Answer.Json(after);
            }
        }

        return ProblemAnswer.Conflict("others purge the same at the same time", "try again");
    }

    AuditEntry Audit(Identity identity, DateTimeOffset now, CachePurge? before, CachePurge after) => new()
    {
        Name = $"{now.ToUnixTimeMilliseconds():D13}-cache-{Interlocked.Increment(ref serial):D6}",
        At = now,
        Who = identity.Who,
        From = identity.From,
        Verb = "purge",
        About = after.About,
        Before = before is null ? null : System.Text.Encoding.UTF8.GetString(Codec.Encode(before)),
        After = System.Text.Encoding.UTF8.GetString(Codec.Encode(after)),
    };

    Operation Put(Resource resource) => new(KeyOf(resource), Codec.Encode(resource));

    string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);

    static IEnumerable<Problem> Missing(string about, Snapshot seen)
    {
        var terms = about.Split('/') switch
        {
            ["route", var name] => seen.Get<Route>(name)?.Spec,
            ["need", var name] => seen.Get<MeshLink>(name) is { } link ? seen.Get<Service>(link.Caller)?.Spec.Needs.GetValueOrDefault(link.Callee) : null,
            _ => (CallSpec?)null,
        };
        if (terms is null)
        {
            yield return new("about", $"there is no '{about}'", "write route/NAME or need/CALLER.CALLEE, see 'mainstay traffic'");
        }
        else if (terms.Cache is null && terms.Fallback?.LastGood is null && terms.Degrade?.ServeStale is null)
        {
            yield return new("about", $"'{about}' keeps no responses", "declare cache, fallback.lastGood or degrade.serveStale in the manifest");
        }
    }
}

/// <summary>What is to be forgotten.</summary>
public sealed record PurgeBody
{
    /// <summary><c>route/NAME</c> or <c>need/CALLER.CALLEE</c>.</summary>
    public required string About { get; init; }

    /// <summary>A path, with every query; with <c>*</c> at the end all that begin so. Default: all.</summary>
    public string? Path { get; init; }
}
