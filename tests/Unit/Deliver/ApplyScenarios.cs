using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Tests.Scenarios;
using Xunit;

namespace Mainstay.Tests.Deliver;

/// <summary>
/// Changes of what is declared, one after another on one store. Commands: <c>apply</c>, <c>plan</c>, <c>scale S N</c>, <c>restart S</c>,
/// <c>rollback VERSION [S]</c>, <c>tag NAME VERSION|-</c>, <c>apply-if VERSION</c>, <c>runs S …</c> (services that have had all instances ready),
/// <c>secret NAME</c> (keeps one), <c>put route N PATH TO</c>, <c>put gateway LISTEN</c>, <c>put service N RUN [REV]</c>, <c>delete KIND N [REV]</c>, <c>start</c>, <c>stop</c>, and
/// <c>show KEY</c>. The trace: outcome and version, changes, problems, and every key that was written or deleted.
/// </summary>
public class ApplyScenarios
{
    static readonly Author Ann = new("ann", "test");

    public static TheoryData<string> Files => ScenarioFile.In("apply");

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_change_gives_its_recorded_trace(string file)
    {
        var time = new FakeTime();
        await using var store = new MemoryStore(time);
        var applier = new Applier(store, CoreKinds.All, time, ManifestScenarios.Around.Folders, adminPort: 7070);

        // Everything below completes synchronously: the store is in memory and nothing is built.
        ScenarioFile.Run(file, step => StepAsync(step, applier, store).GetAwaiter().GetResult());
    }

    static async Task<string> StepAsync(ScenarioStep step, Applier applier, MemoryStore store)
    {
        if (step.Words is ["show", var key])
        {
            return await store.GetAsync(key) is { } entry ? Encoding.UTF8.GetString(entry.Value.Span) : "(absent)";
        }

        if (step.Words is ["secret", var secret])
        {
            await store.CommitAsync(new([], [new(ConfigSettings.SealedPrefix + secret, "[]"u8.ToArray())]));
            return "";
        }

        if (step.Words is ["runs", .. var running])
        {
            foreach (var name in running)
            {
                var kind = CoreKinds.All.Of<Service>();
                var service = (Service)kind.Decode((await store.GetAsync(kind.KeyOf(name)))!);
                var stable = new InstanceTemplate { Run = service.Spec.Run!, Folder = "/shop", Health = new(), Restart = new() };
                await store.CommitAsync(new([], [new(kind.KeyOf(name), Codec.Encode(service with { Status = service.Status with { Stable = stable } }))]));
            }

            return "";
        }

        var before = await store.RangeAsync("");
        var outcome = await RunAsync(step, applier);
        return Trace(outcome, before.Entries, (await store.RangeAsync("")).Entries);
    }

    static Task<ApplyOutcome> RunAsync(ScenarioStep step, Applier applier) => step.Words switch
    {
        ["apply", .. var message] => applier.ApplyAsync(Request(step, run: true), Ann with { Message = string.Join(' ', message) }),
        ["apply-stopped"] => applier.ApplyAsync(Request(step, run: false), Ann),
        ["plan"] => applier.PlanAsync(Request(step, run: true)),
        ["scale", var service, var number] => applier.ScaleAsync(service, int.Parse(number, CultureInfo.InvariantCulture), Ann),
        ["apply-if", var version] => applier.ApplyAsync(Request(step, run: true) with { IfVersion = int.Parse(version, CultureInfo.InvariantCulture) }, Ann),
        ["rollback", var version] => applier.RollbackAsync(version, null, dryRun: false, Ann),
        ["rollback", var version, var service] => applier.RollbackAsync(version, service, dryRun: false, Ann),
        ["tag", var tag, var version] => applier.TagAsync(tag, version == "-" ? null : int.Parse(version, CultureInfo.InvariantCulture), Ann),
        ["restart", var service] => applier.RestartAsync(service, Ann),
        ["start"] => applier.StartAsync(Ann),
        ["stop"] => applier.StopAsync(Ann),
        ["put", .. var what] => applier.PutAsync(Resource(what), Revision(what), dryRun: false, Ann),
        ["delete", .. var what] => applier.DeleteAsync(Resource(what), Revision(what), dryRun: false, Ann),
        _ => throw new ArgumentException($"unknown command '{step.Command}'"),
    };

    static ApplyRequest Request(ScenarioStep step, bool run) => new() { Files = ManifestScenarios.FilesOf(step.Input), BaseFolder = "/shop", Run = run };

    // A last word "@N" is the revision that the caller expects.
    static long? Revision(string[] what) => what[^1] is ['@', .. var number] ? long.Parse(number, CultureInfo.InvariantCulture) : null;

    static Resource Resource(string[] what) => what.Where(w => w[0] != '@').ToArray() switch
    {
        ["route", var name] => new Route { Name = name, Spec = new() { Match = new(), To = "" } },
        ["route", var name, var path, var to] => new Route { Name = name, Spec = new() { Match = new() { Path = path }, To = to } },
        ["gateway"] => new Gateway { Name = Gateway.TheName },
        ["gateway", var name, var listen] => new Gateway { Name = name, Listen = listen },
        ["service", var name, .. var run] => new Service { Name = name, BaseFolder = "/shop", Spec = new() { Run = run.FirstOrDefault() } },
        _ => throw new ArgumentException(string.Join(' ', what)),
    };

    static string Trace(ApplyOutcome outcome, IReadOnlyList<Entry> before, IReadOnlyList<Entry> after)
    {
        var trace = new StringBuilder();
        trace.Append(CultureInfo.InvariantCulture, $"{outcome.Result} version {outcome.Version}\n");
        foreach (var problem in outcome.Problems)
        {
            trace.Append("  ").Append(problem.ToString().Replace("\n", "\n  ", StringComparison.Ordinal)).Append('\n');
        }

        foreach (var change in outcome.Changes)
        {
            trace.Append("  ").Append(change.Path).Append(": ").Append(change.Before ?? "-").Append(" -> ").Append(change.After ?? "-").Append('\n');
        }

        foreach (var move in outcome.Moves)
        {
            trace.Append(CultureInfo.InvariantCulture, $"  move {move.Service} {move.From} -> {move.To}{(move.After.Count == 0 ? "" : $" after {string.Join(", ", move.After)}")}\n");
        }

        var revisions = before.ToDictionary(e => e.Key, e => e.ModRevision);
        foreach (var entry in after.Where(e => revisions.GetValueOrDefault(e.Key) != e.ModRevision))
        {
            trace.Append("  ").Append(Written(entry)).Append('\n');
        }

        foreach (var gone in before.Where(b => after.All(a => a.Key != b.Key)))
        {
            trace.Append("  delete ").Append(gone.Key).Append('\n');
        }

        return trace.ToString();
    }

    static string Written(Entry entry) => CoreKinds.All.OfKey(entry.Key)!.Decode(entry) switch
    {
        AuditEntry audit => $"audit {audit.Who} {audit.Verb} {audit.About} {audit.Before} => {audit.After}",
        Event note => $"event {note.About} {note.Reason}: {note.Message}",
        Service { Removed: true } service => $"put service/{service.Name} (removed)",
        Architecture all => $"put architecture/{all.Name} (version {all.Version}, {(all.Running ? "running" : "stopped")})",
        _ => $"put {entry.Key}",
    };
}
