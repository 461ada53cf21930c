using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.Tests.Conformance;
using Xunit;

namespace Mainstay.Tests.State.Etcd;

[Collection(EtcdTests.Name)]
public sealed class EtcdStoreConformance(EtcdFixture etcd) : StoreConformance
{
    EtcdStoreOptions? options;

    // Only few commits stay in memory, so that watches read the log too.
    EtcdStoreOptions Options => options ??= etcd.Options() with { Time = Time, RecentRevisions = 20 };

    protected override async ValueTask<IStore> OpenAsync() => await EtcdStore.OpenAsync(Options);

    protected override async ValueTask<IStore> DisturbAsync(IStore store, Random random)
    {
        await store.DisposeAsync();
        return await EtcdStore.OpenAsync(Options);
    }
}
