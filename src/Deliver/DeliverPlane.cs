using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.Deliver.Drivers;

namespace Mainstay.Deliver;

/// <summary>The door of the plane that turns manifests into versions of the architecture.</summary>
public static class DeliverPlane
{
    /// <summary>What carries out every change of what is declared.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <param name="kinds">The registered kinds.</param>
    /// <param name="time">For the time of versions, events and audit entries.</param>
    /// <param name="adminPort">The port of the Admin API, which the gateway may not take.</param>
    /// <param name="dataFolder">Mainstay's own folder, absolute, which no build reads; null where there is none.</param>
    /// <param name="whyNoExpression">Why an expression of a rule cannot be read; null leaves them unchecked.</param>
    public static Applier Applier(IStore store, KindRegistry kinds, TimeProvider time, int adminPort, string? dataFolder, Func<string, string?>? whyNoExpression = null) =>
        new(store, kinds, time, new DiskFolders(), adminPort, dataFolder, whyNoExpression);
}
