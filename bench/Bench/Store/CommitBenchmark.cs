using Mainstay.Core.Store;

namespace Mainstay.Bench.Store;

/// <summary>A commit of one 256-byte value, from its comparison to its place in history: what every store does around its medium.</summary>
internal sealed class CommitBenchmark : IBenchmark
{
    readonly MemoryStore store = new(keepRevisions: 4_096);
    readonly Commit[] commits = [.. Enumerable.Range(0, 1_000).Select(i => new Commit([], [new Operation($"bench/{i:0000}", new byte[256])]))];
    int next;

    public string Name => "store/commit";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var done = store.CommitAsync(commits[next++ % commits.Length]);
            if (!done.IsCompletedSuccessfully || !done.Result.Succeeded) throw new InvalidOperationException("The commit failed.");
        }
    }
}
