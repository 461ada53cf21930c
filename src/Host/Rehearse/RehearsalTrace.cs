using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>Follows what is written in a rehearsal: as resources, and as lines for people.</summary>
sealed class RehearsalTrace : IDisposable
{
    /// <summary>The most lines that are told.</summary>
    public const int Most = 2000;

    // More of the same sort within a second become one line.
    const int Together = 3;

    readonly Watch watch;
    readonly DateTimeOffset began;
    readonly List<(RehearsalLine Line, string Sort)> lines = [];
    readonly IncidentLedger incidents;

    public RehearsalTrace(MemoryStore store, DateTimeOffset began)
    {
        this.began = began;
        Jobs = new(Seen, began);
        incidents = new(Seen, began);
        watch = store.OpenWatch("", 1);
        Follow(TimeSpan.Zero, silently: true);
        Jobs.Begin();
    }

    /// <summary>Everything, as it is now.</summary>
    public Snapshot Seen { get; } = new(CoreKinds.All);

    /// <summary>What becomes of jobs.</summary>
    public JobLedger Jobs { get; }

    /// <summary>The incidents that opened.</summary>
    public IReadOnlyList<RehearsedIncident> Incidents => incidents.All();

    /// <summary>Services of which instances were placed.</summary>
    public SortedSet<string> Placed { get; } = new(StringComparer.Ordinal);

    public void Dispose() => watch.Dispose();

    public void Say(TimeSpan at, RehearsalStep kind, string about, string text, Severity severity = Severity.Info) => lines.Add((new(Seconds(at), kind, about, text, severity), ""));

    /// <summary>Takes in what was written since; true where something was.</summary>
    public bool Follow(TimeSpan at, bool silently = false)
    {
        var any = false;
        while (watch.TryRead(out var batch))
        {
            // What is written together is told together: a run and the instances of its tasks.
            var all = batch.Changes.Select(c => Seen.Take(c, batch.Revision)).ToArray();
            any |= all.Length > 0;
            foreach (var (before, after) in silently ? [] : all)
            {
                Tell(at, before, after);
            }
        }

        return any;
    }

    /// <summary>The lines, many of one sort within a second as one, and how many more there are.</summary>
    public (IReadOnlyList<RehearsalLine> Lines, int More) Lines()
    {
        var told = lines.GroupBy(l => (Math.Floor(l.Line.At), l.Sort)).SelectMany(group =>
        {
            var all = group.Select(g => g.Line).ToArray();
            return all.Length <= Together || group.Key.Sort.Length == 0
                ? all
                : [all[0] with { Text = $"{all[0].Text}; the same goes for {all.Length - 1} more of {ServiceOf(all[0].About)}", Severity = all.Max(l => l.Severity) }];
        }).OrderBy(l => l.At).ToArray();
        return (told.Length > Most ? told[..Most] : told, Math.Max(0, told.Length - Most));
    }

    static string ServiceOf(string about) => about.StartsWith("instance/", StringComparison.Ordinal) ? about["instance/".Length..about.LastIndexOf('-')] : about[(about.IndexOf('/', StringComparison.Ordinal) + 1)..];

    void Tell(TimeSpan at, Resource? before, Resource? after)
    {
        switch (before ?? after)
        {
            case Instance { Template.Once: not null }:
                // Told of with the run whose task it is.
                break;
            case JobRun when after is JobRun run:
                lines.AddRange(Jobs.Take(Seconds(at), before as JobRun, run).Select(l => (new RehearsalLine(Seconds(at), RehearsalStep.Job, $"job/{run.Job}", l.Text, l.Severity), l.Sort)));
                break;
            case Incident when after is Incident incident:
                lines.AddRange(incidents.Take(Seconds(at), before as Incident, incident).Select(l => (new RehearsalLine(Seconds(at), l.Kind, $"incident/{incident.Name}", l.Text, l.Severity), "")));
                break;
            case Instance instance:
                OfInstance(at, instance.Name, before as Instance, after as Instance);
                break;
            case Service service when after is Service now:
                OfService(at, (before as Service)?.Status ?? new(), now);
                break;
            case Service service:
                Say(at, RehearsalStep.Service, $"service/{service.Name}", $"{service.Name} is forgotten");
                break;
            case HostRecord host when after is HostRecord now && (before as HostRecord)?.State != now.State:
                Say(at, RehearsalStep.Host, $"host/{host.Name}", now.State == HostState.Lost ? $"{host.Name} is lost: its agent does not answer" : $"{host.Name} answers", now.State == HostState.Lost ? Severity.Error : Severity.Info);
                break;
            case Endpoints endpoints:
                OfTable(at, endpoints.Name, before as Endpoints, after as Endpoints);
                break;
            case Event when after is Event told && !IsToldOtherwise(told):
                OfEvent(at, told);
                break;
            case Scaling when after is Scaling { Decisions: [var decision, ..] } now && ((before as Scaling)?.Decisions is not [var last, ..] || last.At != decision.At):
                Say(at, RehearsalStep.Scale, $"service/{now.Name}", $"{now.Name}: {decision.Reason}, {OneLine(decision.Message)}", decision.From == decision.To ? Severity.Warning : Severity.Info);
                break;
        }
    }

    // What is told of a job says of itself what it is.
    void OfEvent(TimeSpan at, Event told)
    {
        var ofJob = told.About.StartsWith("job/", StringComparison.Ordinal);
        if (told.Reason is "JobSkipped" or "JobMissed")
        {
            Jobs.LeftOut(told.About["job/".Length..]);
        }

        Say(at, ofJob ? RehearsalStep.Job : RehearsalStep.Event, told.About, ofJob ? OneLine(told.Message) : $"{told.Reason}: {OneLine(told.Message)}", told.Severity);
    }

    void OfInstance(TimeSpan at, string name, Instance? before, Instance? after)
    {
        var told = (before, after) switch
        {
            (_, null) => (RehearsalStep.Retire, "is forgotten", "", Severity.Info),
            (null, _) => (RehearsalStep.Place, "gets a place on", after.Host, Severity.Info),
            _ when before.Goal != after.Goal => (RehearsalStep.Retire, after.Goal == InstanceGoal.Drain ? "takes no new requests" : "is to end", "", Severity.Info),
            _ when before.Status.State != after.Status.State => OfState(at, after),
            _ when before.Status.Epoch != after.Status.Epoch => (RehearsalStep.Instance, "has ended and is started again", "", Severity.Warning),
            _ => default,
        };
        if (told is (var kind, { } verb, var rest, var severity))
        {
            var service = (after ?? before)!.Service;
            if (kind == RehearsalStep.Place)
            {
                Placed.Add(service);
            }

            lines.Add((new(Seconds(at), kind, $"instance/{name}", $"{name} {verb}{(rest.Length > 0 ? " " : "")}{rest}", severity), $"{service} {verb}"));
        }
    }

    (RehearsalStep, string, string, Severity) OfState(TimeSpan at, Instance after) => after.Status.State switch
    {
        InstanceState.Ready => (RehearsalStep.Instance, "is ready on", after.Host, Severity.Info),
        InstanceState.Starting when after.Status.Restarts > 0 => (RehearsalStep.Instance, "is started again", "", Severity.Info),
        InstanceState.Starting => (RehearsalStep.Instance, "starts", "", Severity.Info),
        InstanceState.Backoff => (RehearsalStep.Instance, "has ended and is tried again", $"{Wait(at, after)}: {OneLine(after.Status.Message)}".TrimStart(), Severity.Warning),
        InstanceState.Stopped => (RehearsalStep.Instance, "has stopped", "", Severity.Info),
        InstanceState.Stopping => (RehearsalStep.Instance, "stops", "", Severity.Info),
        var state => (RehearsalStep.Instance, $"is {state}", "", Severity.Warning),
    };

    string Wait(TimeSpan at, Instance instance) => instance.Status.RetryAt is { } retry ? string.Create(CultureInfo.InvariantCulture, $" in {Math.Max(0, (retry - began - at).TotalSeconds):0.#}s") : "";

    void OfService(TimeSpan at, ServiceStatus before, Service now)
    {
        var (after, about) = (now.Status, $"service/{now.Name}");
        if (after.Release is { } release && (before.Release?.To != release.To || before.Release.Stage != release.Stage || before.Release.Step != release.Step || before.Release.Share != release.Share))
        {
            var why = release.Why.Length > 0 ? $": {OneLine(release.Why)}" : "";
            Say(at, RehearsalStep.Release, about, $"release of {now.Name} {release.Version}: {release.Stage}, {release.Share} of the requests{why}", release.Stage == ReleaseStage.Aborted ? Severity.Error : Severity.Info);
        }

        if ((before.State, before.Reason) != (after.State, after.Reason))
        {
            var severity = after.State == Lifecycle.Failed ? Severity.Error : after.Reason is Reasons.Degraded or Reasons.CrashLoop or Reasons.WaitingForRoom or Reasons.WaitingForHost ? Severity.Warning : Severity.Info;
            Say(at, RehearsalStep.Service, about, $"{now.Name}: {after.State}, {after.Reason}{(after.Message.Length > 0 ? $": {OneLine(after.Message)}" : "")}", severity);
        }
    }

    void OfTable(TimeSpan at, string service, Endpoints? before, Endpoints? after)
    {
        var (was, now) = (NamesOf(before), NamesOf(after));
        var (came, left) = (now.Except(was).ToArray(), was.Except(now).ToArray());
        var parts = new List<string>();
        if (came.Length > 0)
        {
            parts.Add($"in: {Some(came)}");
        }

        if (left.Length > 0)
        {
            parts.Add($"out: {Some(left)}");
        }

        if (after?.Split is { } split && split.Weight != before?.Split?.Weight)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{split.Weight / 100.0:0.##}% to the new version"));
        }

        if (parts.Count > 0)
        {
            Say(at, RehearsalStep.Table, $"service/{service}", $"requests to {service} go to {now.Length} instance{(now.Length == 1 ? "" : "s")}; {string.Join("; ", parts)}", now.Length == 0 ? Severity.Error : Severity.Info);
        }
    }

    static string[] NamesOf(Endpoints? endpoints) => [.. (endpoints?.Items ?? []).Select(i => i.Instance)];

    static string Some(string[] names) => names.Length <= 4 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(3))} and {names.Length - 3} more";

    // Changes of a state are told where they are made.
    static bool IsToldOtherwise(Event told) =>
        told.Reason is Reasons.HostLost or "RolloutAbort" || told.About.StartsWith("incident/", StringComparison.Ordinal) || told.Reason.StartsWith("Scaling", StringComparison.Ordinal) || (told.Message.Split(' ') is [var from, "->", ..] && Enum.TryParse<Lifecycle>(from, out _));

    static double Seconds(TimeSpan at) => Math.Round(at.TotalSeconds, 2);

    static string OneLine(string text) => text.Split('\n')[0].Trim();
}
