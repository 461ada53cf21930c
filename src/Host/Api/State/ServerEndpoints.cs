using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Cluster;
using Mainstay.State.Decide;

namespace Mainstay.Host.Api.State;

/// <summary>The store and the servers of the cluster that keep it; how servers come and go. Each change is audited.</summary>
public sealed class ServerEndpoints(ServerServices services, EventNames names)
{
    /// <summary>In every answer while nothing can be written: for how many seconds, so that who reads knows that it may be old.</summary>
    public const string StaleHeader = "Mainstay-Stale";

    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/store", "Where what is declared lies, how much that is, and the servers that keep it.", StoreAsync) { Answer = typeof(StoreView) },
        new("POST", "/api/v1/servers/tokens", "A token with which one server joins the cluster. It is worth the cluster's keys.", TokenAsync) { Body = typeof(ServerTokenAsk), Answer = typeof(ServerTokenGiven) },
        new("DELETE", "/api/v1/servers/{name}", "Removes a server from the cluster; refused where the rest could then decide nothing.", RemoveAsync) { Answer = typeof(ServerRemoved) },
    ];

    /// <summary>How the cluster stands, in a sentence.</summary>
    public static string Say(ClusterKeeper cluster)
    {
        var (state, quorum) = (cluster.State, cluster.State.Quorum);
        var names = string.Join(", ", state.Members.Select(m => m.Member.Name).Where(n => n.Length > 0 && n != cluster.Name).Order(StringComparer.Ordinal));
        return $"{cluster.Name} acts{(names.Length > 0 ? $", {names} stand by" : "")}; {Standing(quorum.Holds, quorum.Why, quorum.Spare)}";
    }

    /// <summary>Whether something can be written, and what may fail before it cannot.</summary>
    public static string Standing(bool writable, string? why, int? spare) => (writable, why) switch
    {
        (false, _) => $"nothing can be written: {why ?? "no leader is known"}; what is read may be old",
        (true, { }) => $"{why}; {(spare > 0 ? $"{spare} more may fail" : "if one more fails, nothing can be written")}",
        _ => spare > 0 ? $"all answer; {spare} may fail" : "all answer; none may fail: three servers bear the loss of one",
    };

    static ProblemAnswer None => ProblemAnswer.Conflict("this server is in no cluster", "'mainstay down', then 'mainstay up --cluster ADDRESS': its store moves into the cluster");

    Task<Answer?> StoreAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return Task.FromResult<Answer?>(wrong);
        }

        var state = services.Cluster?.State;
        var view = new StoreView(
            services.StoreName,
            services.Store.Revision,
            state?.Quorum.Holds ?? true,
            state?.Quorum.Why,
            state?.Quorum.Spare,
            state?.Since,
            state is null ? [] : [.. state.Members.Select(m => Of(m, state.Quorum)).OrderBy(m => m.Name, StringComparer.Ordinal)]);
        return Task.FromResult<Answer?>(Answer.Json(view));
    }

    ServerView Of(SeenMember seen, Quorum quorum) => new(
        seen.Member.Name.Length > 0 ? seen.Member.Name : seen.Member.Peer.Authority,
        seen.Member.IdText,
        seen.Member.Client?.Authority ?? seen.Member.Peer.Authority,
        seen.Member.Name == services.Cluster!.Name,
        seen.Member.IsLearner ? "learner" : seen.Member.Id == quorum.Leader ? "leader" : "voter",
        seen.Health switch { null => "away", { Leader: 0 } => "leaderless", { Errors.Count: > 0 } => "troubled", _ => "well" },
        seen.Health?.Bytes ?? 0,
        seen.Health?.Revision ?? 0);

    async Task<Answer?> TokenAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<ServerTokenAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (services.Cluster is not { } cluster)
        {
            return None;
        }

        if (ask.Ttl < TimeSpan.FromSeconds(1) || ask.Ttl > ServerTokens.Longest)
        {
            return ProblemAnswer.BadRequest("the token's time is out of bounds", $"give ttl as 1s to {Durations.Format(ServerTokens.Longest)}");
        }

        await NoteAsync(call, "token", "cluster", "ServerToken", $"a token for a server to join with, for {Durations.Format(ask.Ttl)}");
        return Answer.Json(new ServerTokenGiven(cluster.MakeToken(ask.Ttl), cluster.Door.GetLeftPart(UriPartial.Authority), services.Time.GetUtcNow() + ask.Ttl));
    }

    async Task<Answer?> RemoveAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (services.Cluster is not { } cluster)
        {
            return None;
        }

        var name = call.Path("name");
        if (QuorumDecide.WhyNotRemove(cluster.State.Members, name) is { } refused)
        {
            return Refused(refused);
        }

        // Noted first: where this very server goes, nothing can be written afterwards.
        await NoteAsync(call, "remove", $"server/{name}", "ServerRemoved", $"'{name}' is removed from the cluster");
        return await cluster.RemoveAsync(name, call.Stop) is { } why ? Refused(why) : Answer.Json(new ServerRemoved(name));
    }

    static ProblemAnswer Refused(string why)
    {
        var parts = why.Split("; ", 2);
        return ProblemAnswer.Conflict(parts[0], parts.Length > 1 ? parts[1] : "'mainstay server list' shows them");
    }

    async Task NoteAsync(Call call, string verb, string about, string reason, string message)
    {
        var (now, author) = (services.Time.GetUtcNow(), ChangeEndpoints.AuthorOf(call));
        var audit = new AuditEntry
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeMilliseconds():D13}-server-{Interlocked.Increment(ref serial):D6}"), At = now, Who = author.Who, From = author.From, Verb = verb, About = about,
        };
        var note = names.Make(now, about, reason, $"{message}, by {author.Who}");
        var kinds = services.Kinds;
        var result = await services.Store.CommitAsync(
            new([], [new(kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit)), new(kinds.Of<Event>().KeyOf(note.Name), Codec.Encode(note))]), call.Stop);
        if (!result.Succeeded)
        {
            throw new StoreUnavailableException("another server leads by now; ask again");
        }
    }
}

/// <summary>The store as a whole.</summary>
/// <param name="Place">Where it is, for people.</param>
/// <param name="Revision">Of the last commit.</param>
/// <param name="Writable">Whether enough members answer for a commit.</param>
/// <param name="Why">What is wrong; null where nothing is.</param>
/// <param name="Spare">How many more servers may fail before nothing can be written; null outside of a cluster.</param>
/// <param name="Since">Since when nothing can be written.</param>
/// <param name="Servers">Of the cluster; none outside of one.</param>
public sealed record StoreView(string Place, long Revision, bool Writable, string? Why, int? Spare, DateTimeOffset? Since, IReadOnlyList<ServerView> Servers);

/// <summary>A server of the cluster.</summary>
/// <param name="Name">The server.</param>
/// <param name="Member">Id of its member of etcd.</param>
/// <param name="Address">Where its member answers.</param>
/// <param name="Leads">Whether it is the one that acts.</param>
/// <param name="Role">Of its member: leader, voter, or learner without a vote.</param>
/// <param name="State">well, troubled, leaderless, or away where it does not answer.</param>
/// <param name="Bytes">Size of its data.</param>
/// <param name="Revision">etcd's revision there.</param>
public sealed record ServerView(string Name, string Member, string Address, bool Leads, string Role, string State, long Bytes, long Revision);

/// <summary>What a token is asked for.</summary>
/// <param name="Ttl">How long it can be joined with. 1s to 7d.</param>
public sealed record ServerTokenAsk(TimeSpan Ttl);

/// <summary>A token.</summary>
/// <param name="Token">What a server joins with, once.</param>
/// <param name="Join">Where, as <c>https://ADDRESS:PORT</c>.</param>
/// <param name="Until">When it ends.</param>
public sealed record ServerTokenGiven(string Token, string Join, DateTimeOffset Until);

/// <summary>A server that is one of the cluster's no more.</summary>
/// <param name="Name">The server.</param>
public sealed record ServerRemoved(string Name);
