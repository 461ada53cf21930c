using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers;

/// <summary>The newest table, made live as it comes and once more whenever this host's containers get another network.</summary>
internal sealed class LiveTable : IDisposable
{
    private readonly Lock gate = new();
    private readonly Gateway gateway;
    private readonly Action<string> log;
    private readonly BridgeFile bridge;
    private TableModel? last;

    public LiveTable(Gateway gateway, GatewayOptions options)
    {
        (this.gateway, log) = (gateway, options.Log);
        bridge = new BridgeFile(options.DataFolder, () => Apply(null), log);
    }

    /// <summary>Makes a table live; null for the last one.</summary>
    public void Apply(TableModel? table)
    {
        lock (gate)
        {
            last = table ?? last;
            var now = bridge.Read();
            if (last is null || (table is null && now == gateway.Bridge)) return;
            gateway.Bridge = now;
            Tell(gateway.Apply(last));
        }
    }

    public void Dispose() => bridge.Dispose();

    private void Tell(Applied applied)
    {
        log($"table {applied.Revision} is live on {applied.BoundListeners.Count} listeners");
        foreach (var failure in applied.FailedListeners) log($"listener '{failure.Name}': {failure.Error}; it is tried again each second");
        foreach (var problem in applied.Problems) log($"table {applied.Revision}: {problem}");
    }
}
