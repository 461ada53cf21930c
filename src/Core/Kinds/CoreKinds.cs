using System.Globalization;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds;

/// <summary>The registration of every kind: one line each.</summary>
public static class CoreKinds
{
    public static KindRegistry All { get; } = new(
        new Kind<Architecture>("architecture", "architectures", columns: [("TITLE", a => a.Title), ("ENVIRONMENT", a => a.Environment), ("VERSION", a => Number(a.Version)), ("RUNNING", a => a.Running ? "yes" : "no")]),
        new Kind<ArchitectureVersion>("version", "versions", columns: [("AT", v => Time(v.At)), ("BY", v => v.By), ("CHANGES", v => Number(v.Changes.Count)), ("MESSAGE", v => v.Message)]),
        new Kind<Service>("service", "services", KindWrites.Users, columns: [("VERSION", s => s.Status.Version ?? "-"), ("CRITICALITY", s => Word(s.Spec.Criticality)), ("STATE", s => s.Status.State.ToString()), ("READY", s => $"{s.Status.Ready}/{s.Status.Wanted}"), ("REASON", s => s.Status.Reason)]),
        new Kind<Instance>("instance", "instances", group: i => i.Service, columns: [("SERVICE", i => i.Service), ("VERSION", i => i.Template.Version), ("STATE", i => i.Status.State.ToString()), ("PID", i => Number(i.Status.Pid)), ("ENDPOINT", i => i.Status.Endpoint), ("RESTARTS", i => Number(i.Status.Restarts))]),
        new Kind<Scaling>("scaling", "scalings", columns: [("WANTED", s => Number(s.Wanted)), ("REASON", s => s.Reason), ("SINCE", s => Time(s.Since)), ("MESSAGE", s => s.Message)]),
        new Kind<ReleaseRecord>("release", "releases", group: r => r.Service, columns: [("STRATEGY", r => Word(r.Release.Strategy)), ("FROM", r => r.Release.From), ("TO", r => r.Release.Version), ("OUTCOME", r => Word(r.Release.Stage)), ("BEGAN", r => Time(r.Release.Began)), ("ENDED", r => Time(r.Release.Since)), ("WHY", r => r.Release.Why)]),
        new Kind<Job>("job", "jobs", columns: [("SCHEDULE", j => j.Spec.Schedule ?? (j.Spec.After is { Count: > 0 } after ? "after " + string.Join(", ", after) : "")), ("NEXT", j => j.Status.NextAt is { } next ? Time(next) : ""), ("ACTIVE", j => Number(j.Status.Active)), ("LAST", j => j.Status.LastState?.ToString() ?? ""), ("ENDED", j => j.Status.LastAt is { } last ? Time(last) : "")]),
        new Kind<JobRun>("run", "runs", group: r => r.Job, columns: [("STATE", r => r.Status.State.ToString()), ("BECAUSE", r => r.Because), ("AT", r => Time(r.At)), ("DONE", r => $"{r.Status.Tasks.Count(t => t.State == TaskState.Succeeded)}/{r.Spec.Parallel}"), ("MESSAGE", r => r.Status.Message)]),
        new Kind<Build>("build", "builds", group: b => b.Service, columns: [("SERVICE", b => b.Service), ("STATE", b => b.Status.State.ToString()), ("DIGEST", b => b.Digest[..12])]),
        new Kind<Schedule.Host>("host", "hosts", columns: [("STATE", h => h.State.ToString()), ("USE", h => h.Use.ToString()), ("ADDRESS", h => h.Address), ("SINCE", h => Time(h.Since))]),
        new Kind<HostIdentity>("identity", "identities", columns: [("SINCE", i => Time(i.Since)), ("UNTIL", i => Time(i.Until)), ("TOKEN", i => i.Token)]),
        new Kind<JoinToken>("jointoken", "join-tokens", columns: [("UNTIL", t => Time(t.Until)), ("USES", t => Number(t.Uses)), ("BY", t => t.By)]),
        new Kind<Endpoints>("endpoints", "endpoints", columns: [("ADDRESSES", e => string.Join(' ', e.Items.Select(i => i.Address)))]),
        new Kind<Registration>("registration", "registrations", group: r => r.Service, columns: [("SERVICE", r => r.Service), ("ADDRESS", r => r.Address), ("VERSION", r => r.Version ?? ""), ("LEASE", r => r.Ttl is { } ttl ? Durations.Format(ttl) : "-"), ("BY", r => r.By), ("AT", r => Time(r.At))]),
        new Kind<Vitals>("vitals", "vitals", columns: [("PASSING", v => $"{v.Items.Count(i => i.State == VitalState.Passing)}/{v.Items.Count}")]),
        new Kind<Gateway>("gateway", "gateways", KindWrites.Users, columns: [("LISTEN", g => g.Listen)]),
        new Kind<Route>("route", "routes", KindWrites.Users, columns: [("PATH", r => r.Spec.Match.Shown), ("TO", r => r.Spec.Shown)]),
        new Kind<MeshLink>("link", "links", group: l => l.Caller, columns: [("CALLER", l => l.Caller), ("CALLEE", l => l.Callee), ("PORT", l => Number(l.Port))]),
        new Kind<Intervention>("intervention", "interventions", columns: [("ABOUT", i => i.About), ("ACT", i => i.Act()), ("BY", i => i.By), ("UNTIL", i => Time(i.Until)), ("REASON", i => i.Reason)]),
        new Kind<CachePurge>("purge", "purges", columns: [("ABOUT", p => p.About), ("PATH", p => p.Acts[^1].Path ?? "all"), ("BY", p => p.Acts[^1].By), ("AT", p => Time(p.Acts[^1].At))]),
        new Kind<GatewayNode>("node", "nodes", columns: [("TABLE", n => n.TableRevision.ToString(CultureInfo.InvariantCulture)), ("PID", n => Number(n.Pid))]),
        new Kind<WatchedServer>("watched", "watched-servers", columns: [("KIND", w => w.Spec.Kind.ToString().ToLowerInvariant()), ("ADDRESS", w => w.Spec.Address)]),
        new Kind<Objective>("objective", "objectives", KindWrites.Users, columns: [("ROUTE", o => o.Spec.Route), ("AVAILABILITY", o => o.Spec.Availability?.ToString() ?? "-"), ("P99", o => o.Spec.P99 is { } p99 ? Durations.Format(p99) : "-")]),
        new Kind<AlertRule>("rule", "rules", KindWrites.Users, columns: [("FOR", r => Durations.Format(r.Spec.For)), ("SEVERITY", r => Word(r.Spec.Severity)), ("ABOUT", r => r.Spec.About ?? "-"), ("EXPR", r => r.Spec.Expr)]),
        new Kind<Receiver>("receiver", "receivers", columns: [("BY", r => r.Spec.Webhook is not null ? "webhook" : r.Spec.Chat is not null ? "chat" : "email")]),
        new Kind<Incident>("incident", "incidents", columns: [("STATE", i => i.State.ToString()), ("CRITICALITY", i => Word(i.Criticality)), ("BEGAN", i => Time(i.Began)), ("TITLE", i => i.Title)]),
        new Kind<Queue>("queue", "queues", columns: [("TO", q => q.Spec.Push?.To ?? "-"), ("TOPICS", q => string.Join(' ', q.Spec.Topics ?? [])), ("RETENTION", q => Durations.Format(q.Spec.Retention)), ("DEAD AFTER", q => Number(q.Spec.DeadLetterAfter))]),
        new Kind<IdWorker>("idworker", "id-workers", columns: [("HOLDER", w => w.Holder), ("GRANT", w => Number(w.Grant))]),
        new Kind<ConfigSpace>("configspace", "config-spaces", columns: [("LAYER", s => s.Content.Layer.ToString().ToLowerInvariant()), ("VERSION", s => Number(s.Version)), ("INHERITS", s => string.Join(", ", s.Content.Parents))]),
        new Kind<ConfigDraft>("configdraft", "config-drafts", columns: [("FROM", d => Number(d.From)), ("BY", d => d.By), ("AT", d => Time(d.At))]),
        new Kind<ConfigVersion>("configversion", "config-versions", group: v => v.Space, columns: [("SPACE", v => v.Space), ("AT", v => Time(v.At)), ("BY", v => v.By), ("CHANGES", v => Number(v.Changes.Count)), ("REASON", v => v.Reason)]),
        new Kind<NamedLock>("lock", "locks", columns: [("FORM", l => l.Form.ToString().ToLowerInvariant()), ("HELD BY", l => string.Join(" ", l.Holds.Select(h => h.Owner))), ("TOKEN", l => l.Token.ToString(CultureInfo.InvariantCulture))]),
        new Kind<Flow>("flow", "flows", KindWrites.Users, columns: [("STEPS", f => Number(f.Spec.All().Count())), ("CALLS", f => string.Join(", ", f.Spec.Callees()))]),
        new Kind<Event>("event", "events", columns: [("AT", e => Time(e.At)), ("ABOUT", e => e.About), ("REASON", e => e.Reason), ("MESSAGE", e => e.Message)]),
        new Kind<AuditEntry>("audit", "audits", columns: [("AT", a => Time(a.At)), ("WHO", a => a.Who), ("VERB", a => a.Verb), ("ABOUT", a => a.About)]));

    static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    static string Word<T>(T word)
        where T : struct, Enum => word.ToString() is var text ? char.ToLowerInvariant(text[0]) + text[1..] : "";
}
