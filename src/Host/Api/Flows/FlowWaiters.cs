using System.Collections.Concurrent;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Host.Api.Flows;

/// <summary>Who waits for runs to end.</summary>
public sealed class FlowWaiters
{
    readonly ConcurrentDictionary<string, TaskCompletionSource> waiting = new(StringComparer.Ordinal);

    /// <summary>Completes when the run ends next; ask whether it has ended already after asking for this.</summary>
    public Task Of(string id) => waiting.GetOrAdd(id, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Ended(FlowRun run)
    {
        if (!waiting.IsEmpty && waiting.TryRemove(run.Id, out var source))
        {
            source.TrySetResult();
        }
    }

    /// <summary>Nobody waits any more who has waited in vain.</summary>
    public void Leave(string id)
    {
        if (waiting.TryRemove(id, out var source))
        {
            // Whoever else waits looks again.
            source.TrySetResult();
        }
    }
}
