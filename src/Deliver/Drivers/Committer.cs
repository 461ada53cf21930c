using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;

namespace Mainstay.Deliver.Drivers;

/// <summary>Turns a plan into one commit, with the audit entry and the events of it, that fails as a whole when anything it writes was changed since it was read.</summary>
sealed class Committer(IStore store, KindRegistry kinds, TimeProvider time)
{
    long serial;

    public ValueTask<CommitResult> CommitAsync(ApplyPlan plan, string verb, string about, Author author, CancellationToken stop)
    {
        var compares = new List<Compare>();
        var operations = new List<Operation>();
        foreach (var put in plan.Writes.Puts.Concat(Records(plan, verb, about, author)))
        {
            var key = kinds.Of(put.GetType()).KeyOf(put.Name);
            compares.Add(new(key, put.Revision));
            operations.Add(new(key, Codec.Encode(put)));
        }

        foreach (var delete in plan.Writes.Deletes)
        {
            var key = kinds.Of(delete.GetType()).KeyOf(delete.Name);
            compares.Add(new(key, delete.Revision));
            operations.Add(new(key, null));
        }

        return store.CommitAsync(new Commit(compares, operations), stop);
    }

    IEnumerable<Resource> Records(ApplyPlan plan, string verb, string about, Author author)
    {
        var now = time.GetUtcNow();
        yield return new AuditEntry
        {
            Name = NextName(now),
            At = now,
            Who = author.Who,
            From = author.From,
            Verb = verb,
            About = about,
            Before = AuditText.Of(plan.Changes, c => c.Before),
            After = AuditText.Of(plan.Changes, c => c.After),
        };
        foreach (var note in plan.Writes.Notes)
        {
            yield return new Event
            {
                Name = NextName(now),
                At = now,
                About = note.About,
                Reason = note.Reason,
                Message = note.Message,
                Severity = note.Severity,
            };
        }
    }

    // In the order of time, and unique: the milliseconds, then a number of this process.
    string NextName(DateTimeOffset now) => $"{now.ToUnixTimeMilliseconds():D13}-deliver-{Interlocked.Increment(ref serial):D6}";
}
