using Mainstay.State.Decide.Flows;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>A run in memory: as long as it has calls under way, and while a group that touches it is written.</summary>
sealed class LiveRun(FlowRun run, FlowDefinition definition, IEnumerable<FlowRow> rows)
{
    public FlowRun Run { get; set; } = run;

    public FlowDefinition Definition => definition;

    public Dictionary<string, FlowRow> Rows { get; } = rows.ToDictionary(r => r.Path, StringComparer.Ordinal);

    public int Calls => Rows.Values.Count(r => r.Stage == FlowStage.Calling);
}

/// <summary>What one event changed of a run, so that it can be taken back.</summary>
sealed record RunChange(LiveRun Live, FlowRun Before, IReadOnlyList<(string Path, FlowRow? Before)> Rows, FlowPlan Plan, bool Forgotten)
{
    /// <summary>The declaration, where the run is new.</summary>
    public FlowDeclared? Declared { get; init; }

    /// <summary>When something has to be done about the run next; null where nothing depends on time.</summary>
    public DateTimeOffset? Wake { get; init; }
}

/// <summary>The runs in memory; used by the journal's thread alone.</summary>
sealed class LiveRuns
{
    readonly Dictionary<string, LiveRun> live = new(StringComparer.Ordinal);
    readonly Dictionary<string, FlowDefinition> definitions = new(StringComparer.Ordinal);

    /// <summary>The run, from memory or the file; null where there is none.</summary>
    public LiveRun? Find(JournalFile file, string id)
    {
        if (live.TryGetValue(id, out var found))
            return found;
        if (FlowTables.Run(file, id) is not { } run)
            return null;
        if (!definitions.TryGetValue(run.Definition, out var definition))
            definitions[run.Definition] = definition = FlowTables.Definition(file, run.Definition);
        return live[id] = new(run, definition, FlowTables.Rows(file, id));
    }

    /// <summary>A new run, in memory and in the file.</summary>
    public RunChange Begin(JournalFile file, FlowRun run, FlowDeclared declared, DateTimeOffset now)
    {
        definitions.TryAdd(declared.Digest, declared.Definition);
        FlowTables.Keep(file, declared.Digest, declared.Json);
        var fresh = live[run.Id] = new(run, definitions[declared.Digest], []);
        return Apply(file, fresh, null, now) with { Declared = declared };
    }

    /// <summary>Takes in what happened; a refusal changes nothing.</summary>
    public RunChange Apply(JournalFile file, LiveRun run, FlowEvent? happened, DateTimeOffset now)
    {
        var before = run.Run;
        if (happened is null && before.HasEnded && before.EndedAt + run.Definition.Spec.Keep <= now)
        {
            FlowTables.Forget(file, before.Id);
            live.Remove(before.Id);
            return new(run, before, [], new() { Run = before }, Forgotten: true);
        }

        var plan = FlowDecide.Next(new(before, run.Definition, p => run.Rows.GetValueOrDefault(p), () => run.Rows.Values), happened, now);
        if (plan.Refused is not null)
            return new(run, before, [], plan, Forgotten: false);
        var rows = plan.Rows.Select(r => r.Path).Concat(plan.Gone).Select(path => (path, run.Rows.GetValueOrDefault(path))).ToList();
        run.Run = plan.Run;
        foreach (var path in plan.Gone)
            run.Rows.Remove(path);
        foreach (var row in plan.Rows)
            run.Rows[row.Path] = row;
        var wake = plan.Run.HasEnded ? plan.Run.EndedAt + run.Definition.Spec.Keep : plan.Wake;
        FlowTables.Write(file, plan.Run, wake, run.Calls, plan.Rows, plan.Gone);
        return new(run, before, rows, plan, Forgotten: false) { Wake = wake };
    }

    /// <summary>The file was rolled back: memory follows.</summary>
    public void Revert(RunChange change)
    {
        if (change.Declared is not null)
        {
            live.Remove(change.Before.Id);
            return;
        }

        change.Live.Run = change.Before;
        foreach (var (path, before) in change.Rows)
        {
            if (before is null)
                change.Live.Rows.Remove(path);
            else
                change.Live.Rows[path] = before;
        }

        if (change.Forgotten)
            live[change.Before.Id] = change.Live;
    }

    /// <summary>What nothing is under way of is read again when it is needed.</summary>
    public void Rest(LiveRun run)
    {
        if (run.Calls == 0)
            live.Remove(run.Run.Id);
    }

    /// <summary>The file has to be read anew.</summary>
    public void Clear() => live.Clear();
}
