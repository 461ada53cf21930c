using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Host.Api.Agents;

/// <summary>
/// The work of one host's agent. It notes only names while nobody reads, so it holds no more than the host's instances, however long the
/// agent takes nothing. What an agent itself said (a status) is not told back to it.
/// </summary>
public sealed class WorkFeed : IDisposable
{
    readonly Mirror mirror;
    readonly string host;
    readonly Signal changed = new();
    readonly IDisposable subscription;
    readonly IDisposable following;
    readonly ExecDesk desk;
    readonly HashSet<string> instances = new(StringComparer.Ordinal);
    readonly HashSet<string> builds = new(StringComparer.Ordinal);

    public WorkFeed(Mirror mirror, string host, ExecDesk desk)
    {
        (this.mirror, this.host, this.desk) = (mirror, host, desk);
        (First, subscription) = mirror.Subscribe(Everything, Note);
        following = desk.Follow(host, changed.Set);
    }

    /// <summary>Everything, as it was when the feed began.</summary>
    public AgentWork First { get; }

    /// <summary>What changes from then on; changes that come together are told together.</summary>
    public async IAsyncEnumerable<AgentWork> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            await changed.WaitAsync(stop);
            if (Take() is { } work)
            {
                yield return work;
            }

            // An instance is known before something is run beside it.
            if (desk.Take(host) is { Count: > 0 } execs)
            {
                yield return new AgentWork(false, mirror.Revision, [], [], [], []) { Execs = execs };
            }
        }
    }

    public void Dispose()
    {
        following.Dispose();
        subscription.Dispose();
    }

    AgentWork Everything(Snapshot seen) => new(
        true,
        seen.Revision,
        [.. seen.All<Instance>().Where(i => i.Host == host).OrderBy(i => i.Name, StringComparer.Ordinal)],
        [.. seen.All<Build>().Where(b => b.Host == host).OrderBy(b => b.Name, StringComparer.Ordinal)]);

    // Runs under the mirror's lock, as Take's read does; so the sets need no lock of their own.
    void Note(Resource? before, Resource? after)
    {
        var about = before ?? after;
        if (about is Instance instance && instance.Host == host && IsNews(before as Instance, after as Instance))
        {
            instances.Add(instance.Name);
            changed.Set();
        }
        else if (about is Build build && build.Host == host && IsNews(before as Build, after as Build))
        {
            builds.Add(build.Name);
            changed.Set();
        }
    }

    static bool IsNews(Instance? before, Instance? after) =>
        before is null || after is null
        || (before.Goal, before.Host, before.Service, before.DrainUntil, before.Template.Hash, before.Template.Generation)
        != (after.Goal, after.Host, after.Service, after.DrainUntil, after.Template.Hash, after.Template.Generation);

    static bool IsNews(Build? before, Build? after) =>
        before is null || after is null
        || (before.Attempt, before.Digest, before.Command, before.Folder, before.Timeout, before.Host)
        != (after.Attempt, after.Digest, after.Command, after.Folder, after.Timeout, after.Host);

    AgentWork? Take() => mirror.Read(seen =>
    {
        if (instances.Count + builds.Count == 0)
        {
            return null;
        }

        var owned = instances.Order(StringComparer.Ordinal).ToLookup(n => seen.Get<Instance>(n)?.Host == host);
        var ownedBuilds = builds.Order(StringComparer.Ordinal).ToLookup(n => seen.Get<Build>(n)?.Host == host);
        instances.Clear();
        builds.Clear();
        return new AgentWork(
            false,
            seen.Revision,
            [.. owned[true].Select(n => seen.Get<Instance>(n)!)],
            [.. ownedBuilds[true].Select(n => seen.Get<Build>(n)!)],
            [.. owned[false]],
            [.. ownedBuilds[false]]);
    });
}
