using System.Text.Json;
using Mainstay.Core.Expressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>How far a step, or a sequence of them, is.</summary>
enum FlowOutcome
{
    Done,

    /// <summary>Something is under way or waited for.</summary>
    Open,

    /// <summary>It failed, and nothing of it is under way.</summary>
    Failed,

    /// <summary>It was not begun, as the run is on its way back.</summary>
    Held,
}

/// <summary>One pass over a run's steps in their order, that begins what can be begun and takes in what happened.</summary>
sealed partial class FlowWalk
{
    readonly FlowView view;
    readonly DateTimeOffset now;
    readonly Dictionary<string, FlowRow?> changed = new(StringComparer.Ordinal);
    readonly List<FlowAct> acts = [];
    readonly List<FlowUndo> compensable = [];
    readonly List<FlowLevel> levels = [];
    FlowLevel? level;
    DateTimeOffset? wake;
    bool stopping;
    bool parked;
    bool calling;
    string failure = "";
    string asked = "";

    public FlowWalk(in FlowView view, DateTimeOffset now) => (this.view, this.now, Run) = (view, now, view.Run);

    public FlowRun Run { get; set; }

    /// <summary>Answers by the path of their row.</summary>
    public Dictionary<string, FlowAnswered> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>Goes through the steps, and back where the run has to go back.</summary>
    public FlowPlan Finish()
    {
        if (!Run.Stopping && !Run.Pivoted && Run.Deadline is { } deadline)
        {
            if (now >= deadline)
            {
                Run = Run with { Stopping = true, Why = "the deadline of the run passed" };
            }
            else
            {
                WakeAt(deadline);
            }
        }

        // Whatever fails, the whole fails: what runs beside it begins nothing more.
        var scope = Pass();
        if (failure.Length > 0 && !Run.Stopping)
        {
            Run = Run with { Stopping = true, Why = failure };
            scope = Pass();
        }

        Conclude(scope);
        return new()
        {
            Run = Run,
            Rows = [.. changed.Values.OfType<FlowRow>()],
            Gone = [.. changed.Where(c => c.Value is null).Select(c => c.Key)],
            Acts = acts,
            Wake = Run.HasEnded ? null : wake,
        };
    }

    FlowOutcome outcome;

    FlowScope Pass()
    {
        stopping = Run.Stopping;
        (parked, calling) = (false, false);
        compensable.Clear();
        levels.Clear();
        level = null;
        var scope = ScopeOf(Run.Input?.Json);
        outcome = Steps(view.Definition.Spec.Steps, "", scope);
        return scope;
    }

    void Conclude(FlowScope scope)
    {
        if (!stopping && outcome == FlowOutcome.Done)
        {
            var (value, fault) = FlowJson.FillValue(view.Definition.Spec.Output?.Json, scope);
            Run = Run with
            {
                State = FlowState.Succeeded, EndedAt = now, Output = view.Definition.Spec.Output is null ? null : new(value), Why = fault is null ? "" : $"everything was done, and there is no output: {fault}", Signals = [],
            };
            return;
        }

        if (stopping && outcome != FlowOutcome.Open && !parked && Compensate())
        {
            Run = Run with { State = FlowState.Compensated, EndedAt = now, Signals = [] };
            return;
        }

        Run = Run with
        {
            State = parked ? FlowState.Parked : stopping ? FlowState.Compensating : calling ? FlowState.Running : FlowState.Waiting,
            Why = parked && !stopping ? asked : stopping ? Run.Why : "",
        };
    }

    // One after another; what comes later rests on what came before.
    bool Compensate()
    {
        stopping = false;
        foreach (var (path, step, scope, _, _) in FlowUndo.InOrder(null, view.Definition.Spec.Undo, compensable, levels))
        {
            if (Call(new(path + "!undo", step.Compensate!, null, step, scope, Endless: true)) != FlowOutcome.Done)
            {
                stopping = true;
                return false;
            }
        }

        stopping = true;
        return true;
    }

    FlowScope ScopeOf(JsonElement? input)
    {
        var scope = new FlowScope(null, ResultOf);
        scope.Add("input", input ?? FlowJson.Null);
        scope.Add("run", RunJson);
        return scope;
    }

    JsonElement RunJson => field.ValueKind != JsonValueKind.Undefined ? field : field = FlowJson.Make(w =>
    {
        w.WriteStartObject();
        w.WriteString("id", Run.Id);
        w.WriteString("flow", Run.Flow);
        w.WriteString("at", Run.At);
        w.WriteEndObject();
    });

    /// <summary>The row of a path as it is by now.</summary>
    FlowRow? Row(string path) => changed.TryGetValue(path, out var row) ? row : view.Row(path);

    FlowRow Put(FlowRow row)
    {
        changed[row.Path] = row;
        return row;
    }

    FlowRow Begin(string path, FlowActKind kind, FlowStage stage, DateTimeOffset? until = null) =>
        Put(new() { Path = path, Kind = kind, Stage = stage, Round = Run.Round, Began = now, Until = until });

    void WakeAt(DateTimeOffset at) => wake = wake is { } sooner && sooner < at ? sooner : at;

    /// <summary>A row that failed; past the pivot, where nothing may fail any more, a person is asked.</summary>
    FlowOutcome Fail(FlowRow row, string why)
    {
        if (Run.Pivoted)
        {
            Park(row, why);
            return FlowOutcome.Open;
        }

        Put(row with { Stage = FlowStage.Failed, Ended = now, Until = null, Why = why });
        return Failed(row.Path, why);
    }

    FlowOutcome Failed(string path, string why)
    {
        failure = failure.Length == 0 ? $"{path}: {why}" : failure;
        return FlowOutcome.Failed;
    }

    void Park(FlowRow row, string why)
    {
        Put(row with { Stage = FlowStage.Parked, Until = null, Why = why });
        IsParked(row.Path, why);
    }

    void IsParked(string path, string why) => (parked, asked) = (true, asked.Length == 0 ? $"{path}: {why}" : asked);

    FlowOutcome Done(FlowRow row, FreeValue? result)
    {
        Run = Run with { Order = Run.Order + 1 };
        Put(row with { Stage = FlowStage.Done, Ended = now, Until = null, Due = null, Result = result, Order = Run.Order, Unknown = false, Why = "" });
        return FlowOutcome.Done;
    }

    /// <summary>A condition, or why it says nothing.</summary>
    static (bool Holds, string? Fault) Test(string text, FlowScope scope)
    {
        var (read, wrong) = ExpressionReader.Read(text);
        var value = read is null ? ExpressionValue.Fault(wrong!) : read.Evaluate(scope);
        return value.Kind == ExpressionKind.Truth ? (value.IsTrue, null) : (false, value.IsFault ? value.Text : $"'{value}' is neither true nor false");
    }
}

/// <summary>A call and its terms, at one place of a run.</summary>
/// <param name="Check">Asks what became of it; null for none.</param>
/// <param name="Endless">It has to succeed: it is tried until a person is asked.</param>
readonly record struct FlowCallTerms(string Path, FlowCall Call, FlowCall? Check, FlowStep Step, FlowScope Scope, bool Endless)
{
    /// <summary>Headers beside the usual ones.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> More { get; init; } = [];
}
