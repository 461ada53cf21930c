using System.Collections.Concurrent;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>Notes the changes that could hurt, as a mirror tells of resources, until they are taken.</summary>
public sealed class ChangeNotes(TimeProvider time)
{
    readonly ConcurrentQueue<SeenChange> noted = new();
    readonly ConcurrentDictionary<string, (string Hash, DateTimeOffset Since)> serving = new(StringComparer.Ordinal);

    /// <summary>Takes for known what has served since a time.</summary>
    public void Serves(Instance instance, DateTimeOffset since) => serving[instance.Service] = (instance.Template.Hash, since);

    /// <summary>Takes in a change; it notes and returns, since it runs under the mirror's lock.</summary>
    public void Note(Resource? before, Resource? after)
    {
        // Tasks of jobs come and go without anything having changed.
        if ((after ?? before) is Instance { Template.Once: not null })
        {
            return;
        }

        var now = time.GetUtcNow();
        if (after is Instance { Status.State: InstanceState.Ready } instance)
        {
            var (was, since) = serving.TryGetValue(instance.Service, out var known) ? known : (null, now);
            serving[instance.Service] = (instance.Template.Hash, since);
            if (was is not null && was != instance.Template.Hash)
            {
                noted.Enqueue(ChangeLog.Replaced(instance, now));
                return;
            }

            // Where nothing was there before, nothing has changed.
            if (now - since < Thresholds.FirstStart)
            {
                return;
            }
        }

        if (ChangeLog.Of(before, after, now) is { } change)
        {
            noted.Enqueue(change);
        }
    }

    /// <summary>Adds what was noted, and forgets what is too much; true where there was any. After a restart the store tells of interventions that were told of before: those are left out.</summary>
    public bool TakeInto(List<SeenChange> changes)
    {
        var before = changes.Count;
        while (noted.TryDequeue(out var change))
        {
            if (change.Kind != ChangeKind.Intervention || !changes.Exists(c => c.Kind == change.Kind && c.Service == change.Service && c.What == change.What))
            {
                changes.Add(change);
            }
        }

        var isChanged = changes.Count != before;
        changes.RemoveRange(0, Math.Max(0, changes.Count - ChangeLog.Most));
        return isChanged;
    }
}
