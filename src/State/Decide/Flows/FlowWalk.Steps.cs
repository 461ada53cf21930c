using System.Text.Json;
using Mainstay.Core.Expressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>The kinds of steps.</summary>
sealed partial class FlowWalk
{
    FlowOutcome Steps(IReadOnlyList<FlowStep> steps, string prefix, FlowScope scope)
    {
        foreach (var step in steps)
        {
            var path = prefix + step.Name;
            var how = Step(step, path, scope);
            if (how != FlowOutcome.Done)
            {
                return how;
            }

            scope.Add(step, path);
            if (step.Pivot && failure.Length == 0 && !Run.Pivoted && Row(path)?.Stage == FlowStage.Done)
            {
                // Who wanted it back while the pivot was under way came too late.
                Run = Run with { Pivoted = true, Stopping = false, Why = "" };
                stopping = false;
            }
        }

        return FlowOutcome.Done;
    }

    FlowOutcome Step(FlowStep step, string path, FlowScope scope)
    {
        var row = Row(path);
        if (row?.Stage == FlowStage.Skipped)
        {
            return FlowOutcome.Done;
        }

        if (row is null)
        {
            if (stopping)
            {
                return FlowOutcome.Held;
            }

            if (step.When is { } when)
            {
                var (holds, fault) = Test(when, scope);
                if (fault is not null)
                {
                    return Fail(Begin(path, FlowActKind.Steps, FlowStage.Open), fault);
                }

                if (!holds)
                {
                    Put(Begin(path, FlowActKind.Steps, FlowStage.Skipped) with { Ended = now });
                    return FlowOutcome.Done;
                }
            }
        }

        return step switch
        {
            { Call: { } call } => Called(step, call, path, scope),
            { Wait: { } wait } => Wait(wait, path, scope, row),
            _ when row is { Stage: FlowStage.Done } && !Run.Stopping => FlowOutcome.Done,
            _ when row is { Stage: FlowStage.Failed } => Failed(path, row.Why),
            _ when row is { Stage: FlowStage.Parked } => Told(row),
            { Tcc: { } tcc } => Tcc(step, tcc, path, scope, row),
            { Parallel: { } parallel } => Parallel(parallel, path, scope, row),
            { Branch: { } branch } => Branch(branch, path, scope, row),
            { ForEach: { } each } => ForEach(each, path, scope, row),
            { Flow: { } part } => Part(part, path, scope, row),
            _ => Fail(row ?? Begin(path, FlowActKind.Steps, FlowStage.Open), "the step does nothing"),
        };
    }

    FlowOutcome Told(FlowRow row)
    {
        IsParked(row.Path, row.Why);
        return FlowOutcome.Open;
    }

    FlowOutcome Called(FlowStep step, FlowCall call, string path, FlowScope scope)
    {
        var how = Call(new(path, call, step.Check, step, scope, Endless: Run.Pivoted));
        if (how == FlowOutcome.Done && step.Compensate is not null && !Run.Pivoted && Row(path) is { Order: > 0 } done)
        {
            var own = new FlowScope(scope, ResultOf);
            own.Add(step, path);
            compensable.Add(new(path, step, own, done.Order, level));
        }

        return how;
    }

    FlowOutcome Over(FlowRow row, FreeValue? result = null)
    {
        if (row.Stage == FlowStage.Open)
        {
            Put(row with { Stage = FlowStage.Done, Ended = now, Result = result, Until = null, Due = null });
        }

        return FlowOutcome.Done;
    }

    /// <summary>What several that are under way come to: nothing is over before all are.</summary>
    static FlowOutcome Together(FlowOutcome one, FlowOutcome other) =>
        one == FlowOutcome.Open || other == FlowOutcome.Open ? FlowOutcome.Open
        : one == FlowOutcome.Failed || other == FlowOutcome.Failed ? FlowOutcome.Failed
        : one == FlowOutcome.Held || other == FlowOutcome.Held ? FlowOutcome.Held
        : FlowOutcome.Done;

    FlowOutcome Parallel(IReadOnlyDictionary<string, IReadOnlyList<FlowStep>> branches, string path, FlowScope scope, FlowRow? row)
    {
        row ??= Begin(path, FlowActKind.Steps, FlowStage.Open);
        var all = FlowOutcome.Done;
        foreach (var (name, steps) in branches.OrderBy(b => b.Key, StringComparer.Ordinal))
        {
            var how = Steps(steps, $"{path}/{name}/", new(scope, ResultOf));
            all = Together(all, how);
        }

        return all == FlowOutcome.Done ? Over(row) : all;
    }

    FlowOutcome Branch(IReadOnlyList<FlowCase> cases, string path, FlowScope scope, FlowRow? row)
    {
        if (row is null)
        {
            for (var i = 0; i < cases.Count && row is null; i++)
            {
                var (holds, fault) = cases[i].When is { } when ? Test(when, scope) : (true, null);
                if (fault is not null)
                {
                    return Fail(Begin(path, FlowActKind.Steps, FlowStage.Open), fault);
                }

                row = holds ? Put(Begin(path, FlowActKind.Steps, FlowStage.Open) with { Choice = i }) : null;
            }

            if (row is null)
            {
                Put(Begin(path, FlowActKind.Steps, FlowStage.Skipped) with { Ended = now, Why = "no case holds" });
                return FlowOutcome.Done;
            }
        }

        var how = Steps(cases[row.Choice].Steps, $"{path}/", new(scope, ResultOf));
        return how == FlowOutcome.Done ? Over(row) : how;
    }

    FlowOutcome ForEach(FlowEach each, string path, FlowScope scope, FlowRow? row)
    {
        var (list, fault) = Items(each, scope);
        if (row is null)
        {
            row = Begin(path, FlowActKind.Steps, FlowStage.Open);
            if (fault is not null)
            {
                return Fail(row, fault);
            }

            row = Put(row with { Choice = list.GetArrayLength() });
        }

        var (all, under, low) = (FlowOutcome.Done, 0, row.Low);
        // On the way back everything is looked at, for what is to be compensated.
        for (var i = stopping ? 0 : row.Low; i < row.Choice && under < each.AtOnce; i++)
        {
            var inner = new FlowScope(scope, ResultOf);
            inner.Add(each.As, list[i]);
            inner.Add("index", FlowJson.Make(w => w.WriteNumberValue(i)));
            var how = Steps(each.Steps, $"{path}/{i}/", inner);
            under += how == FlowOutcome.Open ? 1 : 0;
            low += how == FlowOutcome.Done && i == low ? 1 : 0;
            all = Together(all, how);
        }

        if (low != row.Low)
        {
            row = Put(row with { Low = low });
        }

        return all == FlowOutcome.Done ? Over(row) : all;
    }

    static (JsonElement List, string? Fault) Items(FlowEach each, FlowScope scope)
    {
        var (read, wrong) = ExpressionReader.Read(each.In);
        var value = read is null ? ExpressionValue.Fault(wrong!) : read.Evaluate(scope);
        return value.IsFault ? (default, value.Text)
            : value.Kind != ExpressionKind.Json || value.Json.ValueKind != JsonValueKind.Array ? (default, $"'{each.In}' gives no list")
            : value.Json.GetArrayLength() > FlowEach.Most ? (default, $"'{each.In}' gives {value.Json.GetArrayLength()} items, more than {FlowEach.Most}")
            : (value.Json, null);
    }

    FlowOutcome Part(FlowPart part, string path, FlowScope scope, FlowRow? row)
    {
        if (row is null)
        {
            row = Begin(path, FlowActKind.Steps, FlowStage.Open);
            var (input, fault) = FlowJson.FillValue(part.Input?.Json, scope);
            if (fault is not null)
            {
                return Fail(row, fault);
            }

            row = Put(row with { Input = new(input) });
        }

        var spec = view.Definition.Flows[part.Name];
        var inner = ScopeOf(row.Input?.Json);
        var around = level;
        levels.Add(level = new(path, spec.Undo, around));
        var how = Steps(spec.Steps, $"{path}/", inner);
        level = around;
        if (how != FlowOutcome.Done || row.Stage != FlowStage.Open)
        {
            return how;
        }

        var (output, wrong) = FlowJson.FillValue(spec.Output?.Json, inner);
        return wrong is null ? Over(row, new(output)) : Fail(row, $"there is no output: {wrong}");
    }

    FlowOutcome Wait(FlowWait wait, string path, FlowScope scope, FlowRow? row)
    {
        if (row is null)
        {
            row = wait.For is { } span ? Begin(path, FlowActKind.Timer, FlowStage.Waiting, now + span)
                : Begin(path, wait.Signal is null ? FlowActKind.Approval : FlowActKind.Signal, FlowStage.Waiting, now + wait.Timeout);
            if (wait.Approval is { } about)
            {
                var (read, wrong) = ExpressionText.Read(about);
                row = Put(row with { Why = (read is null ? ExpressionValue.Fault(wrong!) : read.Fill(scope)).ToString() });
            }
        }

        switch (row.Stage)
        {
            case FlowStage.Done:
                return FlowOutcome.Done;
            case FlowStage.Failed:
                return Failed(path, row.Why);
            case FlowStage.Parked:
                return Told(row);
        }

        if (stopping)
        {
            return Fail(row, "the run was on its way back");
        }

        if (row.Kind == FlowActKind.Signal && Run.Signals.FirstOrDefault(s => s.Name == wait.Signal) is { } signal)
        {
            Run = Run with { Signals = [.. Run.Signals.Where(s => !ReferenceEquals(s, signal))] };
            return Done(row, signal.Content ?? new(FlowJson.Null));
        }

        if (now >= row.Until)
        {
            return row.Kind == FlowActKind.Timer ? Done(row, null)
                : Fail(row, row.Kind == FlowActKind.Signal ? $"the signal '{wait.Signal}' did not come in {Durations.Format(wait.Timeout)}" : $"nobody approved in {Durations.Format(wait.Timeout)}");
        }

        WakeAt(row.Until!.Value);
        return FlowOutcome.Open;
    }
}
