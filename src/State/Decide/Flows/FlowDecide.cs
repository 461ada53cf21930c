using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>What is known of a run.</summary>
/// <param name="Row">The row of a path; null where there is none.</param>
/// <param name="All">Every row, in no order; asked only where a run is begun anew or its calls were lost.</param>
public readonly record struct FlowView(FlowRun Run, FlowDefinition Definition, Func<string, FlowRow?> Row, Func<IEnumerable<FlowRow>> All);

/// <summary>
/// Decides how a run goes on. Pure: what is known, what happened and the time give what is to be written and then called. Writes come before calls, so that after a crash a row says what may have been done.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>A step is begun only when everything before it is done; its call is written down first.</item>
/// <item>A run that fails or is cancelled before its pivot begins nothing more, waits until the outcome of everything under way is known, and then compensates what was done, one after another.</item>
/// <item>It ends once: succeeded, or compensated. Where it can go neither way by itself it is parked.</item>
/// <item>An answer counts for the try that it answers, and for no other.</item>
/// </list>
/// </remarks>
public static class FlowDecide
{
    /// <summary>How often a call that has to succeed is tried before a person is asked, and how often it is asked what became of one.</summary>
    public const int MostTries = 20;

    /// <summary>A new run.</summary>
    public static FlowRun Start(string id, FlowDefinition definition, string digest, FreeValue? input, string by, DateTimeOffset now) => new()
    {
        Id = id, Flow = definition.Flow, Definition = digest, Input = input, By = by, At = now, Deadline = definition.Spec.Deadline is { } deadline ? now + deadline : null,
    };

    /// <summary>How it goes on after what happened (null: only time has passed).</summary>
    public static FlowPlan Next(in FlowView view, FlowEvent? happened, DateTimeOffset now)
    {
        if (Refusal(view, happened, now) is { } refused)
        {
            return new() { Run = view.Run, Refused = refused };
        }

        var walk = new FlowWalk(view, now);
        switch (happened)
        {
            case FlowAnswered answered:
                walk.Answers[answered.Path] = answered;
                break;
            case FlowSignalled signalled:
                walk.Run = walk.Run with { Signals = [.. walk.Run.Signals, new(signalled.Name, signalled.Content, now)] };
                break;
            case FlowCancelled cancelled:
                walk.Run = walk.Run with { Stopping = true, Why = $"cancelled by {cancelled.By}" };
                break;
            case FlowRetried retried when view.Run.State == FlowState.Compensated:
                if (walk.BeginAnew(retried.From) is { } cannot)
                {
                    return new() { Run = view.Run, Refused = cannot };
                }

                break;
            case FlowRetried:
                walk.Unpark();
                break;
            case FlowLost:
                walk.Lose();
                break;
            case FlowFinished or FlowApproved or FlowResolved:
                walk.Told(happened);
                break;
        }

        return view.Run.HasEnded && happened is not FlowRetried ? new() { Run = view.Run } : walk.Finish();
    }

    static Problem? Refusal(in FlowView view, FlowEvent? happened, DateTimeOffset now)
    {
        var run = view.Run;
        if (run.HasEnded && happened is not (null or FlowAnswered or FlowLost or FlowRetried))
        {
            return new("", $"the run has ended: it is {run.State.ToString().ToLowerInvariant()}", "nothing is left to do");
        }

        return happened switch
        {
            FlowCancelled when run.Pivoted => new("", "the run is past its pivot: there is no way back", "let it go on; 'mainstay flow retry' helps one that is parked"),
            FlowCancelled when run.Stopping => new("", "the run is on its way back already", "wait, or see what it is parked for"),
            FlowSignalled when run.Signals.Count >= FlowRun.MostSignals => new("", $"{FlowRun.MostSignals} signals wait for the run to take them", "send no more than the flow waits for"),
            FlowRetried { From: null } when run.State is not (FlowState.Parked or FlowState.Compensated) => new("", $"the run is {run.State.ToString().ToLowerInvariant()}", "only a run that is parked or compensated is retried"),
            FlowRetried { From: not null } when run.State != FlowState.Compensated => new("", "only a run that was compensated can begin anew from a step", run.State == FlowState.Parked ? "leave the step out: parked steps are tried again" : "cancel it first"),
            FlowApproved approved when view.Row(approved.Path) is not { Stage: FlowStage.Waiting, Kind: FlowActKind.Approval } => new("", $"no approval is waited for at '{approved.Path}'", "see 'mainstay flow show' for the steps that wait"),
            FlowFinished finished when view.Row(finished.Path) is not { Stage: FlowStage.Expecting or FlowStage.Pausing or FlowStage.Calling } => new("", $"nothing is expected of '{finished.Path}'", "the step is over, or does not wait for its callee"),
            FlowResolved resolved when view.Row(resolved.Path) is not { Stage: FlowStage.Parked } => new("", $"'{resolved.Path}' is not parked", "only what is parked needs a person"),
            _ => null,
        };
    }

    /// <summary>The wait before the next try: doubled each time, give or take a fifth by run, path and try, so that those that failed together do not come back together.</summary>
    public static TimeSpan Backoff(FlowRetry terms, string run, string path, int attempt)
    {
        var plain = Math.Min(terms.Backoff.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 40)), terms.Most.TotalMilliseconds);
        var hash = 2166136261u;
        foreach (var c in string.Create(CultureInfo.InvariantCulture, $"{run}/{path}/{attempt}"))
        {
            hash = (hash ^ c) * 16777619u;
        }

        return TimeSpan.FromMilliseconds(plain * (0.8 + (0.4 * (hash % 1000) / 1000)));
    }
}
