using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>Try, confirm, cancel over several services.</summary>
sealed partial class FlowWalk
{
    const int Trying = 0;
    const int Confirming = 1;
    const int Cancelling = 2;

    FlowOutcome Tcc(FlowStep step, FlowTcc tcc, string path, FlowScope scope, FlowRow? row)
    {
        row ??= Put(Begin(path, FlowActKind.Steps, FlowStage.Open, now + tcc.Within) with { Due = now + tcc.Hold });
        if (row.Choice == Trying)
        {
            var (how, decided) = Tries(step, tcc, scope, row);
            if (decided == Trying)
            {
                return how;
            }

            // The decision is written with what it rests on, before anybody is told. What is confirmed cannot be taken back.
            row = Put(Row(path)! with { Choice = decided, Until = null });
            foreach (var idle in tcc.Participants.Keys.Select(n => Row($"{path}/{n}!try")).OfType<FlowRow>().Where(r => r.Stage is FlowStage.Pausing or FlowStage.Expecting or FlowStage.Parked).ToList())
            {
                Put(idle with { Stage = FlowStage.Failed, Until = null, Ended = now, Why = $"given up: {idle.Why}" });
            }

            Run = Run with { Pivoted = Run.Pivoted || decided == Confirming };
        }

        var all = FlowOutcome.Done;
        var before = stopping;
        stopping = false;
        foreach (var (name, part) in tcc.Participants.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            // Whoever was asked is told, whether or not his answer is known: the fence takes a cancel that has nothing to cancel.
            if (row.Choice == Confirming || Row($"{path}/{name}!try") is { } tried && (tried.Attempt > 0 || tried.Unknown))
            {
                var call = row.Choice == Confirming ? part.Confirm : part.Cancel;
                all = Together(all, Call(Terms(step, call, row, name, row.Choice == Confirming ? "confirm" : "cancel", scope, endless: true)));
            }
        }

        stopping = before;
        return all != FlowOutcome.Done ? all
            : row.Choice == Confirming ? Done(row, new(Tried(tcc, path)))
            : Fail(row, row.Why);
    }

    // Until all have reserved, or one cannot.
    (FlowOutcome How, int Decided) Tries(FlowStep step, FlowTcc tcc, FlowScope scope, FlowRow row)
    {
        var late = now >= row.Until;
        var before = (stopping, parked, asked, failure);
        stopping |= late;
        var (all, under, why) = (FlowOutcome.Done, false, "");
        foreach (var (name, part) in tcc.Participants.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var terms = Terms(step, part.Try, row, name, "try", scope, endless: false);
            if (stopping && Row(terms.Path) is { Stage: FlowStage.Pausing or FlowStage.Expecting } idle)
            {
                // It is not tried again, and what it may have done is cancelled.
                Put(idle with { Stage = FlowStage.Failed, Until = null, Ended = now, Why = $"given up: {idle.Why}" });
                all = Together(all, FlowOutcome.Failed);
                continue;
            }

            var how = Call(terms);
            var tried = Row(terms.Path);
            // A try that is under way is waited for: a cancel would overtake it.
            under |= tried is { Stage: FlowStage.Calling };
            why = why.Length == 0 && tried is { Stage: FlowStage.Failed or FlowStage.Parked } ? $"{name}: {tried.Why}" : why;
            all = Together(all, how);
        }

        // Whether a try that is parked took effect does not matter: it is cancelled.
        (stopping, parked, asked, failure) = before;
        if (all == FlowOutcome.Done && !stopping && failure.Length == 0)
        {
            return (FlowOutcome.Open, Confirming);
        }

        if (!late && !stopping && why.Length == 0)
        {
            WakeAt(row.Until!.Value);
            return (FlowOutcome.Open, Trying);
        }

        why = why.Length > 0 ? why : late ? $"not all had reserved in {Durations.Format(tcc.Within)}" : "the run was on its way back";
        Put(row with { Why = why });
        Failed(row.Path, why);
        return (FlowOutcome.Open, under ? Trying : Cancelling);
    }

    FlowCallTerms Terms(FlowStep step, FlowCall call, FlowRow row, string name, string phase, FlowScope scope, bool endless)
    {
        var inner = scope;
        if (phase != "try")
        {
            inner = new FlowScope(scope, ResultOf);
            inner.Add("tried", Row($"{row.Path}/{name}!try")?.Result?.Json ?? FlowJson.Null);
        }

        return new($"{row.Path}/{name}!{phase}", call, null, step, inner, endless)
        {
            More =
            [
                new("Mainstay-Branch", $"{Run.Id}/{row.Path}/{name}/{row.Round.ToString(CultureInfo.InvariantCulture)}"),
                new("Mainstay-Phase", phase),
                new("Mainstay-Expires", row.Due!.Value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
            ],
        };
    }

    System.Text.Json.JsonElement Tried(FlowTcc tcc, string path) => FlowJson.Make(w =>
    {
        w.WriteStartObject();
        foreach (var name in tcc.Participants.Keys.Order(StringComparer.Ordinal))
        {
            w.WritePropertyName(name);
            (Row($"{path}/{name}!try")?.Result?.Json ?? FlowJson.Null).WriteTo(w);
        }

        w.WriteEndObject();
    });
}
