using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Schedule.Agent;

/// <summary>
/// What is wanted of this host, as the server said last: in the agent's store for its loops, and in <c>agent/wanted.json</c> for its next run, with
/// or without a server. The specs are the server's, the statuses the agent's own.
/// </summary>
sealed class WorkBook(IStore store, DataFolder folder) : IDisposable
{
    // What is on disk never goes back: one at a time reads the store, merges and writes.
    readonly SemaphoreSlim turn = new(1);

    string WantedFile => Path.Combine(folder.Agent, "wanted.json");

    /// <summary>Completes once what is wanted is known, from the file or from the server. Until then nothing may be ended for not being wanted.</summary>
    public TaskCompletionSource Known { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads what an earlier run kept into the store; gives the instances.</summary>
    public async Task<IReadOnlyList<Instance>> LoadAsync()
    {
        if (Read() is not { } kept)
        {
            return [];
        }

        foreach (Resource resource in kept.Instances.Concat<Resource>(kept.Builds))
        {
            await PutAsync(resource);
        }

        Known.TrySetResult();
        return kept.Instances;
    }

    /// <summary>Takes a message in: first on disk, then in the store, so that nothing is started that a next run would not know.</summary>
    public async Task TakeAsync(WorkMessage message, CancellationToken stop)
    {
        await turn.WaitAsync(stop);
        try
        {
            var (instances, builds) = await NowAsync(stop);
            var wanted = Merge(message.Full, instances, message.Instances, message.GoneInstances, (said, ours) => said with { Status = ours?.Status ?? said.Status });
            var wantedBuilds = Merge(message.Full, builds, message.Builds, message.GoneBuilds, (said, ours) => said with { Status = ours?.Status ?? said.Status });
            Write([.. wanted.Values], [.. wantedBuilds.Values]);
            await BringAsync(instances, wanted, (said, ours) => said with { Status = ours.Status }, stop);
            await BringAsync(builds, wantedBuilds, (said, ours) => said with { Status = ours.Status }, stop);
        }
        finally
        {
            turn.Release();
        }

        Known.TrySetResult();
    }

    /// <summary>Writes the statuses of now to disk, once anything is known.</summary>
    public async Task SaveAsync(CancellationToken stop)
    {
        if (!Known.Task.IsCompleted)
        {
            return;
        }

        await turn.WaitAsync(stop);
        try
        {
            var (instances, builds) = await NowAsync(stop);
            Write([.. instances.Values], [.. builds.Values]);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    async Task<(Dictionary<string, Instance> Instances, Dictionary<string, Build> Builds)> NowAsync(CancellationToken stop) =>
        (await AllAsync<Instance>(stop), await AllAsync<Build>(stop));

    async Task<Dictionary<string, T>> AllAsync<T>(CancellationToken stop) where T : Resource
    {
        var kind = AgentKinds.All.Of<T>();
        var range = await store.RangeAsync(kind.Prefix, stop: stop);
        return range.Entries.Select(kind.Decode).ToDictionary(r => r.Name, StringComparer.Ordinal);
    }

    static Dictionary<string, T> Merge<T>(bool full, Dictionary<string, T> ours, IReadOnlyList<T> said, IReadOnlyList<string> gone, Func<T, T?, T> merge)
        where T : Resource
    {
        var result = full ? new Dictionary<string, T>(StringComparer.Ordinal) : new(ours, StringComparer.Ordinal);
        foreach (var name in gone)
        {
            result.Remove(name);
        }

        foreach (var resource in said)
        {
            result[resource.Name] = merge(resource, ours.GetValueOrDefault(resource.Name));
        }

        return result;
    }

    async Task BringAsync<T>(Dictionary<string, T> from, Dictionary<string, T> to, Func<T, T, T> keepStatus, CancellationToken stop) where T : Resource
    {
        var kind = AgentKinds.All.Of<T>();
        foreach (var name in from.Keys.Except(to.Keys))
        {
            await store.CommitAsync(new([], [new(kind.KeyOf(name), null)]), stop);
        }

        foreach (var (name, resource) in to)
        {
            if (from.TryGetValue(name, out var before) && Codec.Same(before, resource))
            {
                continue;
            }

            // The loop may write the status at the same time; its status stands, our spec does.
            while (true)
            {
                var entry = await store.GetAsync(kind.KeyOf(name), stop);
                var next = entry is null ? resource : keepStatus(resource, kind.Decode(entry));
                var result = await store.CommitAsync(new([new(kind.KeyOf(name), entry?.ModRevision ?? 0)], [new(kind.KeyOf(name), Codec.Encode(next))]), stop);
                if (result.Succeeded)
                {
                    break;
                }
            }
        }
    }

    async Task PutAsync(Resource resource) =>
        await store.CommitAsync(new([], [new(AgentKinds.All.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource))]));

    void Write(IReadOnlyList<Instance> instances, IReadOnlyList<Build> builds) =>
        DataFolder.WriteAtomically(WantedFile, Codec.Encode(new Wanted(instances, builds)));

    Wanted? Read()
    {
        try
        {
            return Codec.Decode<Wanted>(File.ReadAllBytes(WantedFile));
        }
        catch (Exception fault) when (fault is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    sealed record Wanted(IReadOnlyList<Instance> Instances, IReadOnlyList<Build> Builds);
}
