using System.Collections.Concurrent;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Agents;

/// <summary>
/// Takes agents' reports in. Its effects:
/// <list type="number">
/// <item>What differs from what is known is written in one commit that compares every resource with the revision that was seen: a decision
/// made meanwhile is never undone by a status.</item>
/// <item>On a conflict it is done again over what is there then, at most <see cref="Attempts"/> times.</item>
/// <item>Instances and builds that do not exist or belong to another host are ignored and named in the answer.</item>
/// <item>Reports of a host are written one after another; one that arrives after a newer one of the same run of its agent, or of its successor, is dropped.</item>
/// <item>The host is ready; that is written only when it was not, or when its agent is another.</item>
/// </list>
/// </summary>
public sealed class ReportIntake(IStore store, KindRegistry kinds, Mirror mirror, HostWatch hosts, TimeProvider time, EventNames names)
{
    /// <summary>How often a report is tried to be written at the most.</summary>
    public const int Attempts = 8;

    readonly ConcurrentDictionary<string, Turn> turns = new(StringComparer.Ordinal);
    long conflicts;

    /// <summary>Commits that were refused because something had changed.</summary>
    public long Conflicts => Volatile.Read(ref conflicts);

    /// <summary>Takes one report; null where it could not be written against ever new changes.</summary>
    public async Task<ReportResult?> TakeAsync(string host, AgentReport report, CancellationToken stop)
    {
        var turn = turns.GetOrAdd(host, _ => new Turn());
        await turn.One.WaitAsync(stop);
        try
        {
            if (!turn.IsNews(report))
            {
                return new(0, []);
            }

            // What was held up on its way is no sign of life.
            hosts.Heard(host);
            return await WriteAsync(host, report, stop);
        }
        finally
        {
            turn.One.Release();
        }
    }

    async Task<ReportResult?> WriteAsync(string host, AgentReport report, CancellationToken stop)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (commit, ignored, written) = mirror.Read(seen => Compose(host, report, seen));
            if (commit.Operations.Count == 0)
            {
                return new(0, ignored);
            }

            var result = await store.CommitAsync(commit, stop);
            if (result.Succeeded)
            {
                // What the next report is compared with contains this one.
                await mirror.ReachAsync(result.Revision, stop);
                return new(written, ignored);
            }

            Interlocked.Increment(ref conflicts);
            await mirror.ReachAsync(result.Revision, stop);
        }

        return null;
    }

    (Commit Commit, IReadOnlyList<string> Ignored, int Written) Compose(string host, AgentReport report, Snapshot seen)
    {
        var changed = new List<Resource>();
        var ignored = new List<string>();
        foreach (var (name, status) in report.Instances)
        {
            Consider(name, seen.Get<Instance>(name), i => i.Host, i => Codec.Same(i.Status, status) ? null : i with { Status = status });
        }

        foreach (var (name, status) in report.Builds)
        {
            Consider(name, seen.Get<Build>(name), b => b.Host, b => Codec.Same(b.Status, status) ? null : b with { Status = status });
        }

        var written = changed.Count;
        var known = seen.Get<HostRecord>(host);
        var notes = new List<Event>();
        if (hosts.After(known, host, report) is { } current)
        {
            changed.Add(current);
            if (known is { State: HostState.Lost })
            {
                notes.Add(names.Make(time.GetUtcNow(), $"host/{host}", "HostFound", $"the agent of {host} answers again"));
            }
        }

        return (CommitOf(changed, notes), ignored, written);

        void Consider<T>(string name, T? resource, Func<T, string> owner, Func<T, T?> change)
            where T : Resource
        {
            if (resource is null || owner(resource) != host)
            {
                ignored.Add(name);
            }
            else if (change(resource) is { } next)
            {
                changed.Add(next);
            }
        }
    }

    Commit CommitOf(List<Resource> changed, List<Event> notes) => new(
        [.. changed.Select(r => new Compare(KeyOf(r), r.Revision))],
        [.. changed.Concat(notes).Select(r => new Operation(KeyOf(r), Codec.Encode(r)))]);

    string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);

    /// <summary>A host's reports are written one after another, and none after a newer one of the same run of its agent or of its successor.</summary>
    sealed class Turn
    {
        string? run;
        string? predecessor;
        long newest;

        public SemaphoreSlim One { get; } = new(1, 1);

        public bool IsNews(AgentReport report)
        {
            var its = report.Run.Length > 0 ? report.Run : report.AgentPid.ToString(CultureInfo.InvariantCulture);
            if (its == run ? report.Number > 0 && report.Number <= newest : its == predecessor)
            {
                return false;
            }

            predecessor = its == run ? predecessor : run;
            (run, newest) = (its, report.Number);
            return true;
        }
    }
}
