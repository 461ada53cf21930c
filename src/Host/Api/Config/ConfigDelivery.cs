using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.State.Secrets;

namespace Mainstay.Host.Api.Config;

/// <summary>
/// Brings configuration to the instances that the server runs: what a publish changes of a service's environment is asked of the service, which replaces its instances as for any release; and secrets are given to the agent
/// whose instance is to have them.
/// </summary>
public sealed class ConfigDelivery(ServerServices services, Mirror mirror, SecretKeeper secrets, EventNames names)
{
    readonly Signal changed = new();

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/internal/v1/agents/{host}/instances/{instance}/secrets", "The secrets that an instance of this host is to be started with.", SecretsAsync),
    ];

    /// <summary>Follows publishes until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var subscription = mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((after ?? before) is ConfigSpace or Architecture || after is Service { Spec.Config: not null })
            {
                changed.Set();
            }
        }).Subscription;
        changed.Set();
        while (true)
        {
            await changed.WaitAsync(stop);
            try
            {
                foreach (var (service, settings) in Behind())
                {
                    await AskAsync(service, settings, stop);
                }
            }
            catch (StoreUnavailableException fault)
            {
                services.OnFault?.Invoke("delivering configuration", fault);
                await Task.Delay(TimeSpan.FromSeconds(1), services.Time, stop);
                changed.Set();
            }
        }
    }

    (Service Service, ServiceSettings Settings)[] Behind() => mirror.Read(seen =>
    {
        var environment = seen.Get<Architecture>(Architecture.TheName)?.Environment ?? "";
        return seen.All<Service>().Where(s => !s.Removed && s.Spec.Config is not null)
            .Select(s => (Service: s, Settings: ConfigSettings.Of(s.Spec.Config, environment, seen.Get<ConfigSpace>, s.Settings)))
            .Where(s => s.Settings is not null && !ReferenceEquals(s.Settings, s.Service.Settings)).Select(s => (s.Service, s.Settings!)).ToArray();
    });

    // Whoever changed the service meanwhile is seen by the mirror, which asks again.
    async Task AskAsync(Service service, ServiceSettings settings, CancellationToken stop)
    {
        var (kind, now) = (services.Kinds.Of<Service>(), services.Time.GetUtcNow());
        var told = names.Make(now, $"service/{service.Name}", "Configured", $"{service.Name} gets the configuration {settings.Tag}");
        await services.Store.CommitAsync(
            new([new(kind.KeyOf(service.Name), service.Revision)], [new(kind.KeyOf(service.Name), Codec.Encode(service with { Settings = settings })), new(services.Kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told))]), stop);
    }

    // An agent is told what its own instances are to have, and nothing else.
    async Task<Answer?> SecretsAsync(Call call)
    {
        var (host, name) = (call.Path("host"), call.Path("instance"));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (mirror.Read(seen => seen.Get<Instance>(name)) is not { } instance || instance.Host != host)
        {
            return ProblemAnswer.NotFound("this host has no such instance", "ask again when it is assigned");
        }

        var (values, missing) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<string>());
        try
        {
            foreach (var secret in (instance.Template.Secrets?.Values ?? []).Select(s => s.Secret).Distinct(StringComparer.Ordinal))
            {
                if (await secrets.RevealAsync(secret, call.Stop) is { } value)
                {
                    values[secret] = value;
                }
                else
                {
                    missing.Add(secret);
                }
            }
        }
        catch (SecretsUnavailableException unavailable)
        {
            return ProblemAnswer.Unavailable(unavailable.Message, unavailable.Remedy);
        }

        return Answer.Json(new Mainstay.Schedule.Drivers.SecretsGiven(values, missing));
    }
}
