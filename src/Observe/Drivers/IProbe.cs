using Mainstay.Observe.Collect.Probes;

namespace Mainstay.Observe.Drivers;

/// <summary>Asks one server for its figures, again and again.</summary>
interface IProbe : IDisposable
{
    /// <summary>Asks once.</summary>
    /// <param name="into">Where the figures go.</param>
    /// <param name="stop">Ends it; so does the probe's time.</param>
    /// <returns>Why there are none, for people; null where there are. What the network does may be thrown.</returns>
    Task<string?> AskAsync(ProbeSamples into, CancellationToken stop);
}
