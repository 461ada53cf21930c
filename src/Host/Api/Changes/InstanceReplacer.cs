using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Api.Agents;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Api.Changes;

/// <summary>Replaces single instances. What is declared stays as it is, so this makes no version; it makes an audit entry and an event.</summary>
public sealed class InstanceReplacer(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    const int Tries = 5;

    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/instances/{name}/replace", "Takes one instance out of service and has another take its place.", AskedAsync) { Answer = typeof(Instance) },
    ];

    /// <summary>Replaces one; gives it as it is then, or why not.</summary>
    public async Task<(Instance? Instance, Problem? Why)> ReplaceAsync(string name, Author author, CancellationToken stop)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            await mirror.ReachAsync(store.Revision, stop);
            var now = time.GetUtcNow();
            var (after, why) = mirror.Read(seen => ReplaceDecide.Next(seen, name, now));
            if (after is null)
            {
                return (null, why);
            }

            var audit = new AuditEntry
            {
                Name = $"{now.ToUnixTimeMilliseconds():D13}-replace-{Interlocked.Increment(ref serial):D6}", At = now, Who = author.Who, From = author.From, Verb = "replace", About = $"instance/{name}",
            };
            var note = names.Make(now, $"service/{after.Service}", "InstanceReplaced", $"{name} is taken out of service by {author.Who}, another takes its place{(author.Message.Length > 0 ? $": {author.Message}" : "")}", Severity.Warning);
            Operation[] all = [Put(after), Put(audit), Put(note)];
            var result = await store.CommitAsync(new([new(KeyOf(after), after.Revision)], all), stop);
            await mirror.ReachAsync(result.Revision, stop);
            if (result.Succeeded)
            {
                return (after, null);
            }
        }

        return (null, new("instance", $"'{name}' changes all the time", "try again"));
    }

    async Task<Answer?> AskedAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (instance, why) = await ReplaceAsync(call.Path("name"), ChangeEndpoints.AuthorOf(call), call.Stop);
        return instance is not null ? Answer.Json(instance)
            : mirror.Read(seen => seen.Get<Instance>(call.Path("name"))) is null ? ProblemAnswer.NotFound(why!.What, why.Remedy)
            : ProblemAnswer.Conflict(why!.What, why.Remedy);
    }

    Operation Put(Resource resource) => new(KeyOf(resource), Codec.Encode(resource));

    string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);
}
