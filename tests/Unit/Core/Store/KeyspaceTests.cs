using Mainstay.Core.Store;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Core.Store;

public sealed class KeyspaceTests
{
    [Theory]
    [InlineData(1, 200)]
    [InlineData(2, 5_000)]
    [InlineData(3, 40_000)]
    public void RandomWritesMatchASortedDictionary(int seed, int span)
    {
        var random = new Random(seed);
        var keyspace = new Keyspace();
        var model = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
        for (var step = 0; step < 30_000; step++)
        {
            var key = $"k/{random.Next(span):00000}";
            var expected = model.GetValueOrDefault(key);
            if (random.Next(step < 15_000 ? 4 : 2) == 0)
            {
                keyspace.Remove(key).ShouldBe(expected);
                model.Remove(key);
            }
            else
            {
                var entry = new Entry(key, new byte[random.Next(4)], step, step);
                keyspace.Put(entry).ShouldBe(expected);
                model[key] = entry;
            }
        }

        keyspace.Count.ShouldBe(model.Count);
        keyspace.Bytes.ShouldBe(model.Values.Sum(Keyspace.Weigh));
        keyspace.Range("", null, 0).Entries.ShouldBe(model.Values);
        foreach (var key in Enumerable.Range(0, 200).Select(_ => $"k/{random.Next(span):00000}"))
        {
            keyspace.Get(key).ShouldBe(model.GetValueOrDefault(key));
            keyspace.Range("k/", key, 7).Entries.ShouldBe(model.Values.SkipWhile(e => string.CompareOrdinal(e.Key, key) <= 0).Take(7));
            keyspace.Range(key[..5], null, 0).Entries.ShouldBe(model.Values.Where(e => e.Key.StartsWith(key[..5], StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void KeysInOrderFillTheirPagesAndCanBeEmptiedFromEitherEnd()
    {
        var keyspace = new Keyspace();
        for (var i = 0; i < 2_000; i++)
            keyspace.Put(new Entry($"{i:0000}", default, 1, 1));
        for (var i = 0; i < 1_000; i++)
        {
            keyspace.Remove($"{i:0000}").ShouldNotBeNull();
            keyspace.Remove($"{1999 - i:0000}").ShouldNotBeNull();
        }

        keyspace.Count.ShouldBe(0);
        keyspace.Bytes.ShouldBe(0);
        keyspace.Get("0000").ShouldBeNull();
        keyspace.Range("", null, 0).Entries.ShouldBeEmpty();
    }
}
