using Mainstay.Core.Store;
using Mainstay.State.Sqlite;
using Mainstay.Tests.Conformance;

namespace Mainstay.Tests.State;

public sealed class SqliteStoreConformance : StoreConformance
{
    readonly TempFolder folder = new();

    protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(Options));

    // Only few commits stay in memory, so that watches read the file too.
    SqliteStoreOptions Options => new() { Path = folder["store.db"], Time = Time, RecentRevisions = 20 };

    protected override async ValueTask<IStore> DisturbAsync(IStore store, Random random)
    {
        await store.DisposeAsync();
        return SqliteStore.Open(Options);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }
}
