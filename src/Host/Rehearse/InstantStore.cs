using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Rehearse;

/// <summary>A store in memory answers at once: what was read is still so when it is written.</summary>
static class InstantStore
{
    // A store takes so many operations at a time.
    const int Most = 4096;

    public static Entry? Read(this MemoryStore store, string key) => Answer(store.GetAsync(key));

    public static T? Read<T>(this MemoryStore store, string name)
        where T : Resource => store.Read(CoreKinds.All.Of<T>().KeyOf(name)) is { } entry ? (T)CoreKinds.All.Of<T>().Decode(entry) : null;

    /// <summary>Everything in it.</summary>
    public static IReadOnlyList<Entry> All(this MemoryStore store) => Answer(store.RangeAsync("")).Entries;

    public static void Write(this MemoryStore store, params IReadOnlyCollection<Operation> operations)
    {
        foreach (var part in operations.Chunk(Most))
        {
            store.Write(new Commit([], part));
        }
    }

    /// <summary>A commit that what it compares with cannot have changed.</summary>
    public static void Write(this MemoryStore store, Commit commit)
    {
        if (!Answer(store.CommitAsync(commit)).Succeeded)
        {
            throw new InvalidOperationException("the store in memory did not take a commit");
        }
    }

    static T Answer<T>(ValueTask<T> asked) => asked.IsCompletedSuccessfully ? asked.Result : throw new InvalidOperationException("the store in memory did not answer at once");

    public static Operation Put(Resource resource) => new(CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
}
