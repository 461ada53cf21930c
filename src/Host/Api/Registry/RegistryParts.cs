using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Registry;

/// <summary>The registry: what services there are, and the addresses of those that others run.</summary>
sealed class RegistryParts
{
    public RegistryParts(ServerServices services, Mirror mirror, StreamGate streams, ApiLimits limits)
    {
        Loops = [new ExternalHouse(services, mirror).RunAsync];
        Routes =
        [
            .. new RegistryEndpoints(mirror, services.Store, new RegistryBook(mirror, services.Time), streams, services.Time, limits).Routes(),
            .. new RegistrationEndpoints(services).Routes(),
        ];
    }

    /// <summary>The kinds that it reads of the mirror beside those of others.</summary>
    public static IReadOnlyList<Type> Kinds { get; } = [typeof(Registration), typeof(Vitals)];

    public IReadOnlyList<ApiRoute> Routes { get; }

    /// <summary>What goes on by itself, until stopped.</summary>
    public IReadOnlyList<Func<CancellationToken, Task>> Loops { get; }
}
