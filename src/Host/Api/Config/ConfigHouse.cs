using Mainstay.Host.Api.Agents;
using Mainstay.State.Config;
using Mainstay.State.Secrets;

namespace Mainstay.Host.Api.Config;

/// <summary>Wires configuration and secrets together.</summary>
public static class ConfigHouse
{
    public static (IEnumerable<ApiRoute> Routes, IReadOnlyList<Func<CancellationToken, Task>> Loops, ConfigStager Stager, SecretKeeper Secrets) Parts(ServerServices services, Mirror mirror, EventNames events, string internalToken)
    {
        var (store, kinds, time) = services;
        var secrets = new SecretKeeper(store, new KeyRing(services.Data is { } data ? Path.Combine(data, "secrets.keys") : null, services.SecretsPassphrase), time, services.Cluster?.KeyOfSecrets());
        var delivery = new ConfigDelivery(services, mirror, secrets, events);
        var (keeper, reads) = (new ConfigKeeper(store, kinds, time), new ConfigReads(mirror, time));
        var files = new ConfigFiles(services, mirror, reads, secrets, events);
        var stager = new ConfigStager(services, mirror, keeper, reads, events);
        return (
        [
            .. new ConfigEndpoints(keeper, reads, stager, secrets, kinds, time, events, internalToken).Routes(),
            .. new SecretEndpoints(secrets, kinds, time).Routes(),
            .. delivery.Routes(),
            .. files.Routes(),
        ], [delivery.RunAsync, stager.RunAsync], stager, secrets);
    }
}
