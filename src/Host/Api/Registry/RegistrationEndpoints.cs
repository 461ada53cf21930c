using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Security;

namespace Mainstay.Host.Api.Registry;

/// <summary>Addresses of services that others run: registered, renewed and taken back, by themselves or by hand. What registers an address and what takes it back is audited; renewals write nothing.</summary>
sealed class RegistrationEndpoints(ServerServices services)
{
    const int Tries = 8;
    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("PUT", "/api/v1/registry/{service}/{id}", "Registers an address of a service that is declared with `external`; again with the same content it renews the lease.", RegisterAsync) { Body = typeof(RegistrationAsk), Answer = typeof(Registration), BodyBytes = 16 << 10 },
        new("POST", "/api/v1/registry/{service}/{id}/renew", "Starts the lease of a registration again; 404 where it is over: register anew.", RenewAsync) { Answer = typeof(Registration) },
        new("DELETE", "/api/v1/registry/{service}/{id}", "Takes a registration back; its address is out of every table then.", DeregisterAsync) { Answer = typeof(Registration) },
    ];

    Kind<Registration> Kind => services.Kinds.Of<Registration>();

    async Task<Answer?> RegisterAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<RegistrationAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        var (service, id, who) = (call.Path("service"), call.Path("id"), Identity.Of(call.Request));
        var wanted = new Registration
        {
            Name = Registration.NameOf(service, id), Service = service, Id = id, Address = ask.Address, Version = ask.Version, Labels = ask.Labels is { Count: > 0 } ? ask.Labels : null, Ttl = ask.Ttl, By = who.Who,
        };
        ProblemPlace[] problems = [.. wanted.Validate().Select(ProblemPlace.Of)];
        if (problems.Length > 0)
        {
            return ProblemAnswer.BadRequest(problems[0].What, problems[0].Remedy, problems);
        }

        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await WhyNotAsync(service, call.Stop) is { } refused)
            {
                return refused;
            }

            var known = await FindAsync(wanted.Name, call.Stop);
            if (known is not null && IsSame(known, wanted) && (known.Lease == 0 || await services.Store.KeepAliveAsync(known.Lease, call.Stop)))
            {
                return Answer.Json(known);
            }

            if (known is null && (await services.Store.RangeAsync(Kind.KeyOf(service + "."), limit: Registration.Most, stop: call.Stop)).Entries.Count >= Registration.Most)
            {
                return ProblemAnswer.Conflict($"'{service}' has {Registration.Most} registrations already", "take some back, or register with a lease so that they go by themselves");
            }

            if (await WriteAsync(wanted, known, who, call.Stop) is { } written)
            {
                return Answer.Json(written);
            }
        }

        return ProblemAnswer.Conflict($"'{wanted.Name}' changes all the time", "try again");
    }

    async Task<Answer?> RenewAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        return await FindAsync(NameOf(call), call.Stop) is { } known && (known.Lease == 0 || await services.Store.KeepAliveAsync(known.Lease, call.Stop)) ? Answer.Json(known) : Gone(call);
    }

    async Task<Answer?> DeregisterAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        for (var attempt = 0; attempt < Tries; attempt++)
        {
            if (await FindAsync(NameOf(call), call.Stop) is not { } known)
            {
                return Gone(call);
            }

            var key = Kind.KeyOf(known.Name);
            var audit = Audit(known, Identity.Of(call.Request), "deregister") with { Before = known.Address };
            if ((await services.Store.CommitAsync(new([new(key, known.Revision)], [new(key, null), Put(audit)]), call.Stop)).Succeeded)
            {
                await EndAsync(known.Lease);
                return Answer.Json(known);
            }
        }

        return ProblemAnswer.Conflict($"'{NameOf(call)}' changes all the time", "try again");
    }

    // The new lease is there before the old one goes: the address is in the tables throughout.
    async Task<Registration?> WriteAsync(Registration wanted, Registration? known, Identity who, CancellationToken stop)
    {
        var lease = wanted.Ttl is { } ttl ? await services.Store.GrantLeaseAsync(ttl, stop) : 0;
        var next = wanted with { At = services.Time.GetUtcNow(), Lease = lease };
        var key = Kind.KeyOf(next.Name);
        var audit = Audit(next, who, "register") with { Before = known?.Address, After = next.Address };
        var done = false;
        try
        {
            done = (await services.Store.CommitAsync(new([new(key, known?.Revision ?? 0)], [new(key, Codec.Encode(next), lease), Put(audit)]), stop)).Succeeded;
        }
        finally
        {
            await EndAsync(done ? known?.Lease ?? 0 : lease);
        }

        return done ? next : null;
    }

    async Task<ProblemAnswer?> WhyNotAsync(string service, CancellationToken stop)
    {
        var kind = services.Kinds.Of<Service>();
        return !Names.IsValid(service) || await services.Store.GetAsync(kind.KeyOf(service), stop) is not { } entry || kind.Decode(entry) is not { Removed: false } found
            ? ProblemAnswer.NotFound($"there is no service '{RegistryEndpoints.Shown(service)}'", $"declare it first: 'services: {{ NAME: {{ external: {{}} }} }}'")
            : found.Spec.External is null
                ? ProblemAnswer.Conflict($"'{service}' is run by Mainstay, which knows its instances", "register only what is declared with 'external'")
                : null;
    }

    async Task<Registration?> FindAsync(string name, CancellationToken stop) =>
        Names.IsValid(name) && await services.Store.GetAsync(Kind.KeyOf(name), stop) is { } entry ? Kind.Decode(entry) : null;

    static bool IsSame(Registration a, Registration b) =>
        (a.Address, a.Version, a.Ttl) == (b.Address, b.Version, b.Ttl) && Codec.Same(a.Labels, b.Labels);

    static string NameOf(Call call) => Registration.NameOf(call.Path("service"), call.Path("id"));

    static ProblemAnswer Gone(Call call) => ProblemAnswer.NotFound(
        $"'{RegistryEndpoints.Shown(call.Path("id"))}' of '{RegistryEndpoints.Shown(call.Path("service"))}' is not registered", "its lease is over, or it was taken back: register it anew");

    // Where this fails, a lease ends by itself.
    async Task EndAsync(long lease)
    {
        if (lease != 0)
        {
            try
            {
                await services.Store.RevokeLeaseAsync(lease, CancellationToken.None);
            }
            catch (StoreUnavailableException unavailable)
            {
                services.OnFault?.Invoke("registry", unavailable);
            }
        }
    }

    AuditEntry Audit(Registration about, Identity who, string verb)
    {
        var now = services.Time.GetUtcNow();
        return new()
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-registry-{Interlocked.Increment(ref serial).ToString("D6", CultureInfo.InvariantCulture)}",
            At = now, Who = who.Who, From = who.From, Verb = verb, About = $"registration/{about.Name}",
        };
    }

    Operation Put(Resource resource) => new(services.Kinds.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
}

/// <summary>Registers an address.</summary>
public sealed record RegistrationAsk
{
    /// <summary>Where it answers, as <c>host:port</c>.</summary>
    public required string Address { get; init; }

    /// <summary>The version of what answers there; null for the one that the service declares.</summary>
    public string? Version { get; init; }

    /// <summary>How long it lasts without a renewal: 1s to 24h. Null until it is taken back.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>What is to be known of it. At most 16; keys to 63 characters, values to 255.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}
