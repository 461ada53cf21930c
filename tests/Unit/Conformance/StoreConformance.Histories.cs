using Mainstay.Core.Store;
using Shouldly;
using Xunit;
using static Mainstay.Tests.Conformance.StoreWords;

namespace Mainstay.Tests.Conformance;

public abstract partial class StoreConformance
{
    /// <summary>Called between the steps of a generated history; stores that can be reopened do so here and return the new one.</summary>
    protected virtual ValueTask<IStore> DisturbAsync(IStore store, Random random) => new(store);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task GeneratedHistoriesMatchTheModel(int seed)
    {
        var random = new Random(seed);
        var model = new StoreModel();
        var leases = new List<long>();
        for (var step = 0; step < 300; step++)
        {
            switch (random.Next(20))
            {
                case 0:
                    leases.Add(await Store.GrantLeaseAsync(Ttl));
                    model.Grant(leases[^1]);
                    break;
                case 1 when leases.Count > 0:
                    var ended = leases[random.Next(leases.Count)];
                    await Store.RevokeLeaseAsync(ended);
                    model.End(ended);
                    break;
                case 2:
                    Store = await DisturbAsync(Store, random);
                    break;
                default:
                    var commit = Generate(random, model, leases);
                    var result = await Store.CommitAsync(commit);
                    result.Succeeded.ShouldBe(model.Commit(commit), $"seed {seed} step {step}: {result}");
                    result.Revision.ShouldBe(model.Revision, $"seed {seed} step {step}");
                    break;
            }

            (await Store.ShowAsync()).ShouldBe(model.Show(), $"seed {seed} step {step}");
        }

        await HistoryShouldMatchAsync(model, random);
    }

    async Task HistoryShouldMatchAsync(StoreModel model, Random random)
    {
        foreach (var prefix in new[] { "", "k1", "k2/" })
        {
            var from = random.Next(1, (int)model.Revision);
            var expected = model.History.Where(b => b.Revision >= from)
                .Select(b => b with { Changes = [.. b.Changes.Where(c => c.Key.StartsWith(prefix, StringComparison.Ordinal))] })
                .Where(b => b.Changes.Count > 0);
            await using var watch = new WatchReader(Store, prefix, from);
            foreach (var batch in expected)
                (await watch.LineAsync()).ShouldBe(batch.Show());
        }
    }

    static Commit Generate(Random random, StoreModel model, List<long> leases)
    {
        var keys = Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"k{random.Next(4)}/{random.Next(6)}").Distinct().ToList();
        var operations = keys.Select(key => random.Next(4) == 0
            ? Delete(key)
            : Put(key, $"{random.Next(1000)}", leases.Count > 0 && random.Next(3) == 0 ? leases[random.Next(leases.Count)] : 0));
        var compares = Enumerable.Range(0, random.Next(3)).Select(_ => Guess(random, model));
        return new Commit([.. compares], [.. operations]);
    }

    // Mostly what the key's revision is, sometimes not.
    static Compare Guess(Random random, StoreModel model)
    {
        var key = $"k{random.Next(4)}/{random.Next(6)}";
        var last = model.History.LastOrDefault(b => b.Changes.Any(c => c.Key == key));
        var current = last?.Changes.First(c => c.Key == key).Current?.ModRevision ?? 0;
        return new Compare(key, random.Next(5) == 0 ? current + 1 : current);
    }
}
