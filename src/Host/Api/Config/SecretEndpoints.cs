using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Store;
using Mainstay.Host.Security;
using Mainstay.State.Secrets;

namespace Mainstay.Host.Api.Config;

/// <summary>Secrets over HTTP: set, listed without their values, forgotten, sealed anew. No public endpoint gives a value back.</summary>
public sealed class SecretEndpoints(SecretKeeper keeper, KindRegistry kinds, TimeProvider time)
{
    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/secrets", "The secrets, without their values.", Guarded(ListAsync)) { Answer = typeof(SecretList) },
        new("POST", "/api/v1/secrets/{name}", "Keeps a value; it is the secret's newest version.", Guarded(SetAsync)) { Body = typeof(SecretAsk), Answer = typeof(SecretInfo) },
        new("DELETE", "/api/v1/secrets/{name}", "Forgets a secret with all its versions.", Guarded(DeleteAsync)) { Answer = typeof(SecretList) },
        new("POST", "/api/v1/secret-keys/rotate", "Makes a new key, seals every secret with it, and forgets the old one.", Guarded(RotateAsync)) { Answer = typeof(SecretRotation) },
    ];

    async Task<Answer?> ListAsync(Call call) => call.Wrong() is { } wrong ? wrong : Answer.Json(new SecretList(await keeper.ListAsync(call.Stop)));

    async Task<Answer?> SetAsync(Call call)
    {
        if (Refused(call, out var name) is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<SecretAsk>(call);
        if (ask is null)
        {
            // What was sent may be the secret: nothing of it is told back.
            return malformed is { } problem ? problem with { Detail = "the body is not what this endpoint reads", Problems = [] } : null;
        }

        if (ask.Value.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(ask.Value) > SecretKeeper.MostBytes || ask.Value.Contains('\0', StringComparison.Ordinal))
        {
            return ProblemAnswer.BadRequest("the value is empty, too large or holds a NUL", $"give 1 to {SecretKeeper.MostBytes} bytes of text");
        }

        return await keeper.SetAsync(name, ask.Value, Identity.Of(call.Request).Who, Audit(call, "secret-set", name), call.Stop) is { } kept
            ? Answer.Json(kept) : ProblemAnswer.Conflict($"'{name}' could not be kept: there are {SecretKeeper.Most} secrets, or others set it all the time", "forget some, or try again");
    }

    async Task<Answer?> DeleteAsync(Call call) =>
        Refused(call, out var name) is { } wrong ? wrong
        : await keeper.DeleteAsync(name, Audit(call, "secret-delete", name), call.Stop) ? Answer.Json(new SecretList([]))
        : ProblemAnswer.NotFound($"there is no secret '{name}'", "see 'mainstay secret list'");

    async Task<Answer?> RotateAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (count, lost) = await keeper.RotateAsync(call.Stop);
        await keeper.TellAsync(Audit(call, "secret-rotate", "all"), call.Stop);
        return Answer.Json(new SecretRotation(count, lost));
    }

    static ProblemAnswer? Refused(Call call, out string name)
    {
        name = call.Path("name");
        return call.Wrong() is { } wrong ? wrong
            : Names.IsValid(name) ? null
            : ProblemAnswer.BadRequest("this is not a name of a secret", "use 1 to 63 lower-case letters, digits, '-' or '.', beginning and ending with a letter or digit");
    }

    static Func<Call, Task<Answer?>> Guarded(Func<Call, Task<Answer?>> act) => async call =>
    {
        try
        {
            return await act(call);
        }
        catch (SecretsUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, unavailable.Remedy);
        }
    };

    Operation Audit(Call call, string verb, string name)
    {
        var (now, who) = (time.GetUtcNow(), Identity.Of(call.Request));
        var entry = new AuditEntry { Name = $"{now.ToUnixTimeMilliseconds():D13}-secret-{Interlocked.Increment(ref serial):D6}", At = now, Who = who.Who, From = who.From, Verb = verb, About = $"secret/{name}" };
        return new(kinds.Of<AuditEntry>().KeyOf(entry.Name), Codec.Encode(entry));
    }
}

/// <summary>A value to be kept.</summary>
public sealed record SecretAsk
{
    /// <summary>1 to 65,536 bytes of UTF-8.</summary>
    public required string Value { get; init; }
}

/// <summary>Secrets, without their values.</summary>
public sealed record SecretList(IReadOnlyList<SecretInfo> Items);

/// <summary>What became of a rotation.</summary>
/// <param name="Sealed">How many secrets were sealed anew.</param>
/// <param name="Lost">Those that no key opens; while there are any, old keys are kept.</param>
public sealed record SecretRotation(int Sealed, IReadOnlyList<string> Lost);
