using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Changes;
using Mainstay.Schedule.Decide;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Agents;

/// <summary>How full hosts are, why an instance gets none of them, and what people want of them. What is declared stays as it is, so this makes no version; it makes audit entries and events.</summary>
public sealed class HostEndpoints(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    const int Tries = 5;

    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/headroom", "Every host with what it offers, what of that is kept free for whom, and what runs there.", RoomAsync) { Answer = typeof(IReadOnlyList<HostRoom>) },
        new("GET", "/api/v1/services/{name}/placement", "Which host another instance of the service would get now, and why the others would not do.", PlacementAsync) { Answer = typeof(WherePlaced) },
        new("POST", "/api/v1/hosts/{name}/cordon", "The host keeps what it has and takes nothing new.", call => UseAsync(call, HostUse.Cordoned)) { Answer = typeof(HostUsed) },
        new("POST", "/api/v1/hosts/{name}/uncordon", "The host takes instances again.", call => UseAsync(call, HostUse.Open)) { Answer = typeof(HostUsed) },
        new("POST", "/api/v1/hosts/{name}/drain", "The host takes nothing new, and what can run elsewhere is moved there.", call => UseAsync(call, HostUse.Draining)) { Answer = typeof(HostUsed) },
        new("POST", "/api/v1/hosts/{name}/forget", "Forgets a host whose agent does not answer and that has no instances.", ForgetAsync) { Answer = typeof(HostUsed) },
    ];

    async Task<Answer?> RoomAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        return Answer.Json(mirror.Read(WherePlaced.Rooms));
    }

    async Task<Answer?> PlacementAsync(Call call)
    {
        var name = call.Path("name");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        return mirror.Read(seen => WherePlaced.Of(seen, name)) is { } placed
            ? Answer.Json(placed)
            : ProblemAnswer.NotFound($"there is no service '{name}'", "'mainstay status' lists the services");
    }

    Task<Answer?> UseAsync(Call call, HostUse use)
    {
        var (verb, event_) = use switch
        {
            HostUse.Open => ("uncordon", "HostOpened"),
            HostUse.Cordoned => ("cordon", "HostCordoned"),
            _ => ("drain", "HostDraining"),
        };
        return WriteAsync(call, verb, event_, seen => HostDecide.Use(seen, call.Path("name"), use), host => new(host.Name, Codec.Encode(host)));
    }

    Task<Answer?> ForgetAsync(Call call) =>
        WriteAsync(call, "forget", "HostForgotten", seen => HostDecide.Forget(seen, call.Path("name")), host => new(host.Name, null));

    async Task<Answer?> WriteAsync(Call call, string verb, string reason, Func<Snapshot, (HostRecord? Host, Problem? Why)> decide, Func<HostRecord, Operation> write)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var author = ChangeEndpoints.AuthorOf(call);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            await mirror.ReachAsync(store.Revision, call.Stop);
            var (host, why) = mirror.Read(decide);
            if (host is null)
            {
                return mirror.Read(seen => seen.Get<HostRecord>(call.Path("name"))) is null ? ProblemAnswer.NotFound(why!.What, why.Remedy) : ProblemAnswer.Conflict(why!.What, why.Remedy);
            }

            var now = time.GetUtcNow();
            var audit = new AuditEntry
            {
                Name = $"{now.ToUnixTimeMilliseconds():D13}-host-{Interlocked.Increment(ref serial):D6}", At = now, Who = author.Who, From = author.From, Verb = verb, About = $"host/{host.Name}",
            };
            var note = names.Make(now, $"host/{host.Name}", reason, $"{verb} by {author.Who}");
            var key = kinds.Of<HostRecord>().KeyOf(host.Name);
            Operation[] all = [write(host) with { Key = key }, new(kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit)), new(kinds.Of<Event>().KeyOf(note.Name), Codec.Encode(note))];
            // Who was forgotten is let in again only by a token.
            Operation[] gone = verb == "forget" && mirror.Read(seen => seen.Get<HostIdentity>(host.Name)) is not null ? [new(kinds.Of<HostIdentity>().KeyOf(host.Name), null)] : [];
            var result = await store.CommitAsync(new([new(key, host.Revision)], [.. all, .. gone]), call.Stop);
            await mirror.ReachAsync(result.Revision, call.Stop);
            if (result.Succeeded)
            {
                return Answer.Json(new HostUsed(host.Name, host.Use, verb == "drain" ? mirror.Read(seen => HostDecide.Staying(seen, host.Name)) : []));
            }
        }

        return ProblemAnswer.Unavailable("the host keeps changing", "try again");
    }
}

/// <summary>A host as people want it now.</summary>
/// <param name="Name">The host.</param>
/// <param name="Use">What is wanted of it.</param>
/// <param name="Staying">Pets that stay on a drained host, since their data is there.</param>
public sealed record HostUsed(string Name, HostUse Use, IReadOnlyList<string> Staying);
