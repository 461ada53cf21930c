using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;

namespace Mainstay.Deliver.Drivers;

/// <summary>Reads what is declared from the store.</summary>
static class DeclaredReader
{
    // The architecture first: every change of what is declared writes it, so a commit that compares it fails when anything below was read after such a change.
    public static async ValueTask<DeclaredState> ReadAsync(IStore store, KindRegistry kinds, CancellationToken stop)
    {
        var architecture = await GetAsync<Architecture>(store, kinds, Architecture.TheName, stop);
        return new()
        {
            Architecture = architecture,
            Latest = architecture is { Version: > 0 }
                ? await GetAsync<ArchitectureVersion>(store, kinds, architecture.Version.ToString(CultureInfo.InvariantCulture), stop)
                : null,
            Services = await AllAsync<Service>(store, kinds, stop),
            Built = (await AllAsync<Build>(store, kinds, stop)).Values.Where(b => b.Status.State == BuildState.Succeeded).Select(b => b.Name).ToHashSet(StringComparer.Ordinal),
            Gateway = await GetAsync<Gateway>(store, kinds, Gateway.TheName, stop),
            Routes = await AllAsync<Route>(store, kinds, stop),
            Watched = await AllAsync<WatchedServer>(store, kinds, stop),
            Objectives = await AllAsync<Objective>(store, kinds, stop),
            Rules = await AllAsync<AlertRule>(store, kinds, stop),
            Receivers = await AllAsync<Receiver>(store, kinds, stop),
            Jobs = await AllAsync<Job>(store, kinds, stop),
            Queues = await AllAsync<Queue>(store, kinds, stop),
            Flows = await AllAsync<Flow>(store, kinds, stop),
            Spaces = await AllAsync<ConfigSpace>(store, kinds, stop),
        };
    }

    /// <summary>The versions of the architecture, newest first.</summary>
    public static async ValueTask<IReadOnlyList<ArchitectureVersion>> HistoryAsync(IStore store, KindRegistry kinds, CancellationToken stop) =>
        [.. (await AllAsync<ArchitectureVersion>(store, kinds, stop)).Values.OrderByDescending(v => v.Number)];

    static async ValueTask<T?> GetAsync<T>(IStore store, KindRegistry kinds, string name, CancellationToken stop)
        where T : Resource
    {
        var kind = kinds.Of<T>();
        return await store.GetAsync(kind.KeyOf(name), stop) is { } entry ? (T)kind.Decode(entry) : null;
    }

    static async ValueTask<Dictionary<string, T>> AllAsync<T>(IStore store, KindRegistry kinds, CancellationToken stop)
        where T : Resource
    {
        var kind = kinds.Of<T>();
        var range = await store.RangeAsync(kind.Prefix, stop: stop);
        return range.Entries.Select(e => (T)kind.Decode(e)).ToDictionary(r => r.Name, StringComparer.Ordinal);
    }
}
