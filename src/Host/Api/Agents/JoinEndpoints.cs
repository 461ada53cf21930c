using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Security;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Agents;

/// <summary>
/// How machines join: tokens for people to hand out, and the exchange of one for a certificate. Its effects:
/// <list type="number">
/// <item>A token's secret is told once and kept as its digest; it ends by time and by number of uses, and a use counts in the same commit that admits the host.</item>
/// <item>A name that a host has is not given to another key while that host's agent answers.</item>
/// <item>A host whose certificate ends renews it by what it has; one that was removed is refused.</item>
/// </list>
/// </summary>
public sealed class JoinEndpoints(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names, NodeAuthority? authority, NodeRules? rules, string door)
{
    const int Tries = 5;
    const int MostUses = 1000;
    const int LongestRequest = 4096;

    static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    long serial;

    public IEnumerable<ApiRoute> Routes() => authority is null
        ? [new("POST", "/api/v1/join-tokens", "A token with which machines join.", _ => Task.FromResult<Answer?>(NoDoor)) { Body = typeof(JoinTokenAsk), Answer = typeof(JoinTokenGiven) }]
        :
        [
            new("POST", "/api/v1/join-tokens", "A token with which machines join.", MakeAsync) { Body = typeof(JoinTokenAsk), Answer = typeof(JoinTokenGiven) },
            new("GET", NodeRules.JoinPath + "/authority", "The certificate of the authority, as PEM; a token says by which fingerprint it is known.", AuthorityAsync) { Answer = typeof(AuthorityGiven) },
            new("POST", NodeRules.JoinPath, "Exchanges a token and a request (PKCS #10) for a certificate.", JoinAsync) { Body = typeof(JoinAsk), Answer = typeof(JoinGiven) },
            new("POST", NodeRules.RenewPath, "Exchanges a host's certificate for a new one.", RenewAsync) { Body = typeof(RenewAsk), Answer = typeof(JoinGiven) },
        ];

    static ProblemAnswer NoDoor => ProblemAnswer.Conflict("this server has no door for agents", "start it with 'mainstay up --agents ADDRESS:PORT'");

    async Task<Answer?> MakeAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<JoinTokenAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (ask.Ttl < TimeSpan.FromSeconds(1) || ask.Ttl > Longest || ask.Uses is < 1 or > MostUses)
        {
            return ProblemAnswer.BadRequest("the token's time or number of uses is out of bounds", $"give ttl as 1s to {Durations.Format(Longest)}, and uses as 1 to {MostUses}");
        }

        var now = time.GetUtcNow();
        var author = ChangeEndpoints.AuthorOf(call);
        var (id, secret) = (RandomNumberGenerator.GetHexString(8, true), RandomNumberGenerator.GetHexString(32, true));
        var token = new JoinToken { Name = id, Digest = Digest(secret), Until = now + ask.Ttl, Uses = ask.Uses, By = author.Who };
        var ended = (await store.RangeAsync(kinds.Of<JoinToken>().Prefix, stop: call.Stop)).Entries.Select(kinds.Of<JoinToken>().Decode).Where(t => t.Until <= now);
        var result = await store.CommitAsync(
            new([new(KeyOf(token), 0)], [Put(token), Put(Audit(now, author, "token", $"token/{id}")), .. ended.Select(t => new Operation(KeyOf(t), null))]), call.Stop);
        return result.Succeeded
            ? Answer.Json(new JoinTokenGiven($"{id}.{secret}.{authority!.Fingerprint}", door, token.Until, ask.Uses))
            : ProblemAnswer.Unavailable("the token could not be kept", "try again");
    }

    Task<Answer?> AuthorityAsync(Call call) => Task.FromResult<Answer?>(call.Wrong() ?? Answer.Json(new AuthorityGiven(authority!.Pem)));

    async Task<Answer?> JoinAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<JoinAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (!Names.IsValid(ask.Name))
        {
            return ProblemAnswer.BadRequest(Names.Invalid("name", ask.Name).What, Names.Invalid("name", ask.Name).Remedy);
        }

        if (Sign(ask.Request, ask.Name) is not { } certificate)
        {
            return ProblemAnswer.BadRequest("the request is no PKCS #10 request", "join with 'mainstay agent --join'");
        }

        using (certificate)
        {
            for (var attempt = 0; attempt < Tries; attempt++)
            {
                await mirror.ReachAsync(store.Revision, call.Stop);
                var (commit, refused) = await AdmitAsync(ask, certificate, call);
                if (commit is null)
                {
                    return refused;
                }

                var result = await store.CommitAsync(commit, call.Stop);
                await mirror.ReachAsync(result.Revision, call.Stop);
                if (result.Succeeded)
                {
                    return Answer.Json(new JoinGiven(certificate.ExportCertificatePem(), certificate.NotAfter));
                }
            }
        }

        return ProblemAnswer.Unavailable("hosts and tokens keep changing", "try again");
    }

    async Task<(Commit? Commit, Answer? Refused)> AdmitAsync(JoinAsk ask, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, Call call)
    {
        var now = time.GetUtcNow();
        var parts = (ask.Token ?? "").Split('.');
        var entry = parts.Length >= 2 && Names.IsValid(parts[0]) ? await store.GetAsync(kinds.Of<JoinToken>().Prefix + parts[0], call.Stop) : null;
        var token = entry is null ? null : kinds.Of<JoinToken>().Decode(entry);
        if (token is null || token.Until <= now || token.Uses < 1 || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(token.Digest), Encoding.ASCII.GetBytes(Digest(parts[1]))))
        {
            return (null, new ProblemAnswer(401, "token", "the token is not known, has ended or was used up", "'mainstay host token' makes another one"));
        }

        var (known, host) = mirror.Read(seen => (seen.Get<HostIdentity>(ask.Name), seen.Get<HostRecord>(ask.Name)));
        if (known is not null && host is { State: HostState.Ready } && !known.Knows(NodeAuthority.KeyOf(certificate)))
        {
            return (null, ProblemAnswer.Conflict($"there is a host '{ask.Name}', and its agent answers", "choose another name with --name, or stop that agent first"));
        }

        if (known is null && host is { State: HostState.Ready })
        {
            return (null, ProblemAnswer.Conflict($"'{ask.Name}' is the server's own host", "choose another name with --name"));
        }

        var identity = Identity(ask.Name, certificate, now, token.Name) with { Revision = known?.Revision ?? 0 };
        var note = names.Make(now, $"host/{ask.Name}", "HostJoined", $"{ask.Name} joined with token {token.Name}{(known is null ? "" : ", in place of the one before")}");
        var author = ChangeEndpoints.AuthorOf(call);
        Operation used = token.Uses > 1 ? Put(token with { Uses = token.Uses - 1 }) : new(KeyOf(token), null);
        return (new([new(KeyOf(token), token.Revision), new(KeyOf(identity), identity.Revision)], [used, Put(identity), Put(note), Put(Audit(now, author, "join", $"host/{ask.Name}"))]), null);
    }

    async Task<Answer?> RenewAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<RenewAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (rules?.HostOf(call.Request) is not { } host || mirror.Read(seen => seen.Get<HostIdentity>(host)) is not { } known)
        {
            return new ProblemAnswer(403, "certificate", "only a host that has joined renews its certificate", "ask through the door for agents");
        }

        if (Sign(ask.Request, host) is not { } certificate)
        {
            return ProblemAnswer.BadRequest("the request is no PKCS #10 request", "send one, in base64");
        }

        using (certificate)
        {
            var identity = Identity(host, certificate, known.Since, known.Token) with { Revision = known.Revision, Before = known.Key };
            var result = await store.CommitAsync(new([new(KeyOf(identity), identity.Revision)], [Put(identity)]), call.Stop);
            await mirror.ReachAsync(result.Revision, call.Stop);
            return result.Succeeded
                ? Answer.Json(new JoinGiven(certificate.ExportCertificatePem(), certificate.NotAfter))
                : ProblemAnswer.Unavailable("the host's identity keeps changing", "try again");
        }
    }

    System.Security.Cryptography.X509Certificates.X509Certificate2? Sign(string? request, string host)
    {
        var bytes = new byte[LongestRequest];
        return request is { Length: <= LongestRequest } && Convert.TryFromBase64String(request, bytes, out var length) ? authority!.SignHost(bytes[..length], host) : null;
    }

    static HostIdentity Identity(string name, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, DateTimeOffset since, string token) =>
        new() { Name = name, Key = NodeAuthority.KeyOf(certificate), Since = since, Until = certificate.NotAfter, Token = token };

    AuditEntry Audit(DateTimeOffset now, Author author, string verb, string about) => new()
    {
        Name = $"{now.ToUnixTimeMilliseconds():D13}-join-{Interlocked.Increment(ref serial):D6}", At = now, Who = author.Who, From = author.From, Verb = verb, About = about,
    };

    static string Digest(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    Operation Put(Resource resource) => new(KeyOf(resource), Codec.Encode(resource));

    string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);
}

/// <summary>What a token is asked for.</summary>
/// <param name="Ttl">How long it is worth anything. 1s to 30d.</param>
/// <param name="Uses">How many hosts may join with it. 1 to 1000.</param>
public sealed record JoinTokenAsk(TimeSpan Ttl, int Uses = 1);

/// <summary>A token; its secret is told this once.</summary>
/// <param name="Token">What a machine joins with.</param>
/// <param name="Join">Where, as <c>https://ADDRESS:PORT</c>.</param>
/// <param name="Until">When it ends.</param>
/// <param name="Uses">How many hosts may join with it.</param>
public sealed record JoinTokenGiven(string Token, string Join, DateTimeOffset Until, int Uses);

/// <summary>The authority.</summary>
/// <param name="Pem">Its certificate.</param>
public sealed record AuthorityGiven(string Pem);

/// <summary>What a machine joins with.</summary>
/// <param name="Name">What it is to be called.</param>
/// <param name="Token">As it was given.</param>
/// <param name="Request">PKCS #10, in base64.</param>
public sealed record JoinAsk(string Name, string? Token, string? Request);

/// <summary>What a host renews its certificate with.</summary>
/// <param name="Request">PKCS #10, in base64.</param>
public sealed record RenewAsk(string? Request);

/// <summary>What a host has then.</summary>
/// <param name="Certificate">As PEM.</param>
/// <param name="Until">When it ends.</param>
public sealed record JoinGiven(string Certificate, DateTimeOffset Until);
