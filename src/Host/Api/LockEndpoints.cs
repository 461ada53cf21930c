using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.State.Decide;
using Mainstay.State.Locks;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>Locks, semaphores and what elections are made of: asked for, renewed, given back and broken over HTTP. Lists and records are those of every kind.</summary>
public sealed class LockEndpoints
{
    const int MostText = 200;
    static readonly TimeSpan MostWait = TimeSpan.FromSeconds(60);
    static readonly TimeSpan LeastLease = TimeSpan.FromSeconds(1);
    static readonly TimeSpan MostLease = TimeSpan.FromHours(1);

    readonly KindRegistry kinds;
    readonly TimeProvider time;
    readonly byte[] key;
    long serial;

    /// <param name="store">Where locks are.</param>
    /// <param name="kinds">Of all resources.</param>
    /// <param name="time">The clock.</param>
    /// <param name="names">Of events.</param>
    /// <param name="secret">What the proofs of tokens are made of.</param>
    public LockEndpoints(IStore store, KindRegistry kinds, TimeProvider time, EventNames names, string secret)
    {
        (this.kinds, this.time) = (kinds, time);
        key = FencingToken.KeyOf(secret);
        Keeper = new LockKeeper(store, kinds, time, (name, hold, why) => Put(names.Make(
            time.GetUtcNow(), $"lock/{name}", "LockLost", $"'{hold.Owner}' lost grant {hold.Token}: {why}", Severity.Warning)));
    }

    public LockKeeper Keeper { get; }

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/locks/{name}/acquire", "Asks for a lock, and waits in line for it up to `wait`. 200 granted, 202 still waiting: ask again with the same `ask`; 409 others have it.", AcquireAsync) { Body = typeof(LockAsk), Answer = typeof(LockGrant) },
        new("POST", "/api/v1/locks/{name}/renew", "Starts a grant's lease again; 409 where it is over.", RenewAsync) { Body = typeof(LockProof), Answer = typeof(LockGrant) },
        new("POST", "/api/v1/locks/{name}/release", "Gives a grant back once; 409 where it is over.", ReleaseAsync) { Body = typeof(LockProof), Answer = typeof(LockGrant) },
        new("POST", "/api/v1/locks/{name}/break", "Takes a lock from everybody who holds it; their tokens are stale from then on.", BreakAsync) { Body = typeof(LockBreak), Answer = typeof(NamedLock) },
        new("GET", "/api/v1/locks/{name}/line", "Who waits for a lock, the first first, and how long its grants last yet.", LineAsync) { Answer = typeof(LockLine) },
    ];

    async Task<Answer?> AcquireAsync(Call call)
    {
        var (name, ask, wrong) = await ReadAsync<LockAsk>(call);
        if (ask is null)
        {
            return wrong;
        }

        List<ProblemPlace> problems = [];
        Check(problems, "owner", ask.Owner, least: 1);
        Check(problems, "ask", ask.Ask, least: 0);
        Check(problems, "about", ask.About, least: 0);
        Between(problems, "lease", ask.Lease, LeastLease, MostLease);
        Between(problems, "wait", ask.Wait, TimeSpan.Zero, MostWait);
        if (ask.Permits is < 1 or > LockDecide.MostHolds || (ask.Permits > 1 && ask.Form != LockForm.Permits))
        {
            problems.Add(new("permits", $"{ask.Permits} permits cannot be", $"give 1 to {LockDecide.MostHolds}, and 'form': 'permits' beside them"));
        }

        if (problems.Count > 0)
        {
            return ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems);
        }

        var turn = await Keeper.AcquireAsync(name, new(ask.Owner, ask.Ask, ask.Form, ask.Permits, ask.Lease, ask.About), ask.Wait, call.Stop);
        return turn.Word switch
        {
            LockWord.Granted => Answer.Json(Granted(name, turn.Hold!, ask.Form)),
            LockWord.Waiting => new BytesAnswer(Codec.Encode(new LockGrant { State = "waiting", Owner = ask.Owner, Ahead = turn.Line.TakeWhile(w => w.Owner != ask.Owner || w.Ask != ask.Ask).Count() }), StatusCodes.Status202Accepted),
            LockWord.Busy => ProblemAnswer.Conflict($"'{name}' is held{(turn.Next.Holds is [var first, ..] ? $" by '{first.Owner}'" : "")}, and {turn.Line.Count} wait for it", "try again later, or wait: give 'wait'"),
            _ => ProblemAnswer.Conflict($"'{name}': {turn.Why}", "give back what is held first, or ask for the same as the others"),
        };
    }

    async Task<Answer?> RenewAsync(Call call)
    {
        var (name, proof, wrong) = await ReadAsync<LockProof>(call);
        return proof is null ? wrong
            : await Keeper.RenewAsync(name, proof.Owner, proof.Token, call.Stop) is { } hold ? Answer.Json(new LockGrant { State = "granted", Owner = hold.Owner, Token = hold.Token, LeaseMs = (long)hold.Lease.TotalMilliseconds, Count = hold.Count })
            : Lost(name, proof);
    }

    async Task<Answer?> ReleaseAsync(Call call)
    {
        var (name, proof, wrong) = await ReadAsync<LockProof>(call);
        if (proof is null)
        {
            return wrong;
        }

        var turn = await Keeper.ReleaseAsync(name, proof.Owner, proof.Token, call.Stop);
        var left = LockDecide.HeldBy(turn.Next, proof.Owner) is { } own && own.Token == proof.Token ? own.Count : 0;
        return turn.Word == LockWord.Released ? Answer.Json(new LockGrant { State = left > 0 ? "granted" : "released", Owner = proof.Owner, Token = proof.Token, Count = left }) : Lost(name, proof);
    }

    async Task<Answer?> BreakAsync(Call call)
    {
        var (name, wish, wrong) = await ReadAsync<LockBreak>(call);
        if (wish is null)
        {
            return wrong;
        }

        var (now, who) = (time.GetUtcNow(), Identity.Of(call.Request));
        var reason = new string([.. wish.Reason.Where(c => !char.IsControl(c)).Take(MostText)]);
        var turn = await Keeper.BreakAsync(name, $"broken by {who.Who}{(reason.Length > 0 ? ": " + reason : "")}", Put(new AuditEntry
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-lock-{Interlocked.Increment(ref serial):D6}", At = now, Who = who.Who, From = who.From, Verb = "break", About = $"lock/{name}", After = reason,
        }), call.Stop);
        return turn.Word == LockWord.Released ? Answer.Json(turn.Next) : ProblemAnswer.Conflict($"nobody holds '{name}'", "see 'mainstay lock list'");
    }

    async Task<Answer?> LineAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        return await Keeper.FindAsync(name, call.Stop) is { } one
            ? Answer.Json(new LockLine(
                [.. Keeper.LineOf(name).Take(1000).Select(w => new LockWaiting(w.Owner, w.Form, w.About))],
                one.Holds.ToDictionary(h => h.Owner, h => (long)(Keeper.LeftOf(name, h.Token) ?? h.Lease).TotalMilliseconds, StringComparer.Ordinal)))
            : ProblemAnswer.NotFound($"nobody has asked for a lock '{name}' yet", "see 'mainstay lock list'");
    }

    LockGrant Granted(string name, LockHold hold, LockForm form) => new()
    {
        State = "granted",
        Owner = hold.Owner,
        Token = hold.Token,
        FencingToken = FencingToken.Write(key, name, hold.Token, form == LockForm.Exclusive),
        LeaseMs = (long)hold.Lease.TotalMilliseconds,
        Count = hold.Count,
    };

    static ProblemAnswer Lost(string name, LockProof proof) => ProblemAnswer.Conflict($"'{proof.Owner}' does not hold '{name}' with grant {proof.Token}", "its lease is over, or it was broken or given back: stop what it protects, and ask for it anew");

    static async Task<(string Name, T? Body, Answer? Wrong)> ReadAsync<T>(Call call)
        where T : class
    {
        var name = call.Path("name");
        if (call.Wrong() is { } wrong)
        {
            return (name, null, wrong);
        }

        if (!Names.IsValid(name))
        {
            var problem = Names.Invalid("name", name.Length > Names.MaxLength ? name[..Names.MaxLength] : name);
            return (name, null, ProblemAnswer.BadRequest(problem.What, problem.Remedy));
        }

        var (body, malformed) = await Body.ReadAsync<T>(call);
        return (name, body, malformed);
    }

    static void Check(List<ProblemPlace> problems, string path, string text, int least)
    {
        if (text.Length < least || text.Length > MostText || text.Any(char.IsControl))
        {
            problems.Add(new(path, $"'{path}' has {text.Length} characters, or some that cannot be shown", $"use {least} to {MostText} characters that can"));
        }
    }

    static void Between(List<ProblemPlace> problems, string path, TimeSpan value, TimeSpan least, TimeSpan most) =>
        problems.AddRange(Limits.Between(path, value, least, most).Select(ProblemPlace.Of));

    Operation Put(Resource resource) => new(kinds.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
}

/// <summary>Asks for a lock.</summary>
public sealed record LockAsk
{
    /// <summary>Who asks. Two that call themselves the same are one: each may have it when the other has. 1 to 200 characters.</summary>
    public required string Owner { get; init; }

    /// <summary>Tells the askings of an owner apart; the same one may be sent again, and is granted once. Up to 200 characters.</summary>
    public string Ask { get; init; } = "";

    /// <summary>exclusive (default), shared or permits.</summary>
    public LockForm Form { get; init; }

    /// <summary>How many may hold it, where the form is permits. Default 1; 1 to 1000.</summary>
    public int Permits { get; init; } = 1;

    /// <summary>How long a grant lasts without a renewal. Default 15s; 1s to 1h.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long to wait for it. Default 0s: only try; up to 60s.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>What the owner says of itself. Up to 200 characters.</summary>
    public string About { get; init; } = "";
}

/// <summary>Names a grant.</summary>
public sealed record LockProof
{
    /// <summary>Who holds it.</summary>
    public required string Owner { get; init; }

    /// <summary>The grant's number.</summary>
    public required long Token { get; init; }
}

/// <summary>Takes a lock away.</summary>
public sealed record LockBreak
{
    /// <summary>Why, for people.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>What became of an asking.</summary>
public sealed record LockGrant
{
    /// <summary>granted, waiting or released.</summary>
    public required string State { get; init; }

    /// <summary>Who asked.</summary>
    public required string Owner { get; init; }

    /// <summary>The grant's number; only grows for a lock.</summary>
    public long Token { get; init; }

    /// <summary>What to send as the header Fencing-Token; null where nothing was granted.</summary>
    public string? FencingToken { get; init; }

    /// <summary>How long the grant lasts from when it was asked for, in milliseconds.</summary>
    public long LeaseMs { get; init; }

    /// <summary>How often the owner has it.</summary>
    public int Count { get; init; }

    /// <summary>How many are before it in line.</summary>
    public int Ahead { get; init; }
}

/// <summary>Who waits for a lock.</summary>
/// <param name="Waiting">The first first; at most 1000 are told.</param>
/// <param name="LeftMs">How long each holder's grant lasts without a renewal, by owner.</param>
public sealed record LockLine(IReadOnlyList<LockWaiting> Waiting, IReadOnlyDictionary<string, long> LeftMs);

/// <summary>One who waits.</summary>
public sealed record LockWaiting(string Owner, LockForm Form, string About);
