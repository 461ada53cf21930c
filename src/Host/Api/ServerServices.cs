using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api;

/// <summary>What the Admin API stands on; the server's role makes it.</summary>
/// <param name="Store">Not disposed by the API.</param>
/// <param name="Kinds">What it serves.</param>
/// <param name="Time">The clock of everything but Kestrel's own timeouts.</param>
public sealed record ServerServices(IStore Store, KindRegistry Kinds, TimeProvider Time)
{
    /// <summary>Called with where and what went wrong inside; the client gets a problem without the details. Default: counted in <c>/metrics</c> alone.</summary>
    public Action<string, Exception>? OnFault { get; init; }

    /// <summary>Add the metrics of other parts, for example the loops' counters, to <c>/metrics</c>.</summary>
    public IReadOnlyList<Action<MetricsText>> Metrics { get; init; } = [];
}
