using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>Something that changes runs: decided and written in the group's transaction, acted on once that is durable.</summary>
abstract class FlowWork(FlowEngine engine) : JournalWork<FlowReply>
{
    readonly List<RunChange> changes = [];
    readonly List<LiveRun> found = [];

    /// <summary>What it changed, in order.</summary>
    public IReadOnlyList<RunChange> Changes => changes;

    protected FlowEngine Engine => engine;

    protected FlowReply Reply { get; set; } = new(FlowReplyKind.Done);

    public sealed override void Write(JournalFile file)
    {
        changes.Clear();
        found.Clear();
        Change(file);
    }

    public sealed override void Undo()
    {
        for (var i = changes.Count - 1; i >= 0; i--)
            engine.Runs.Revert(changes[i]);
        changes.Clear();
        Rest();
    }

    protected virtual void Followed()
    {
    }

    protected sealed override FlowReply Finish()
    {
        foreach (var change in changes)
            engine.Follow(change);
        Rest();
        Followed();
        return Reply;
    }

    protected abstract void Change(JournalFile file);

    /// <summary>The run; null where there is none. It stays in memory until the group is durable or taken back: what others of the group change of it is changed of the same one.</summary>
    protected LiveRun? Find(JournalFile file, string id)
    {
        if (engine.Runs.Find(file, id) is not { } run)
            return null;
        found.Add(run);
        return run;
    }

    protected RunChange Note(RunChange change)
    {
        if (change.Plan.Refused is null)
            changes.Add(change);
        return change;
    }

    protected static FlowReply Of(RunChange change) =>
        change.Plan.Refused is { } refused ? new(FlowReplyKind.Refused, change.Before, refused) : new(FlowReplyKind.Done, change.Plan.Run);

    void Rest()
    {
        foreach (var run in found)
            engine.Runs.Rest(run);
        found.Clear();
    }
}

/// <summary>Starts a run, or finds the one that has its id.</summary>
sealed class StartWork(FlowEngine engine, FlowRun run, FlowDeclared declared) : FlowWork(engine)
{
    protected override void Change(JournalFile file)
    {
        if (Find(file, run.Id) is not { } known)
        {
            Reply = Of(Note(Engine.Runs.Begin(file, run, declared, run.At)));
            return;
        }

        Reply = known.Run.Flow == run.Flow && Codec.Same(known.Run.Input, run.Input)
            ? new(FlowReplyKind.Done, known.Run) { Existed = true }
            : new(FlowReplyKind.Refused, known.Run, new("id", $"there is a run '{run.Id}' already, of {(known.Run.Flow == run.Flow ? "another input" : $"the flow '{known.Run.Flow}'")}", "give another id"));
    }
}

/// <summary>Something happened to one run.</summary>
sealed class EventWork(FlowEngine engine, string id, FlowEvent happened) : FlowWork(engine)
{
    public string Id => id;

    public FlowEvent Happened => happened;

    protected override void Change(JournalFile file)
    {
        if (Find(file, id) is not { } run)
        {
            Reply = new(FlowReplyKind.Missing, Problem: new("id", $"there is no run '{id}'", "see 'mainstay flow list'"));
            return;
        }

        Reply = Of(Note(Engine.Runs.Apply(file, run, happened, Engine.Now)));
    }
}

/// <summary>Looks at several runs at once: those whose time has come, or whose calls a former server lost.</summary>
sealed class LookWork(FlowEngine engine, IReadOnlyList<string>? lost) : FlowWork(engine)
{
    /// <summary>How many are looked at in one group, so that others are not kept waiting.</summary>
    public const int Most = 256;

    DateTimeOffset? next;

    public IReadOnlyList<string>? Lost => lost;

    protected override void Change(JournalFile file)
    {
        foreach (var id in lost ?? FlowTables.Due(file, Engine.Now, Most))
        {
            if (Find(file, id) is { } run)
                Note(Engine.Runs.Apply(file, run, lost is null ? null : new FlowLost(), Engine.Now));
        }

        next = FlowTables.NextWake(file);
    }

    protected override void Followed()
    {
        if (lost is null)
            Engine.Looked(next);
    }
}
