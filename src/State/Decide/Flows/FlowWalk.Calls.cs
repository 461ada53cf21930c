using Mainstay.Core.Expressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>The life of a call: tries, answers, and what is done where nobody knows what became of it.</summary>
sealed partial class FlowWalk
{
    static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    FlowOutcome Call(in FlowCallTerms terms)
    {
        if (Row(terms.Path) is not { } row)
        {
            return stopping ? FlowOutcome.Held : Send(terms, Begin(terms.Path, FlowActKind.Call, FlowStage.Pausing, now), FlowActKind.Call);
        }

        if (row.Stage == FlowStage.Calling && Answers.Remove(terms.Path, out var answered) && answered.Kind == row.Kind && answered.Attempt == NumberOf(row))
        {
            return Take(terms, row, answered.Answer);
        }

        switch (row.Stage)
        {
            case FlowStage.Done:
                return FlowOutcome.Done;
            case FlowStage.Failed:
                return Failed(row.Path, row.Why);
            case FlowStage.Parked:
                return Told(row);
            case FlowStage.Calling:
                calling = true;
                return FlowOutcome.Open;
            case FlowStage.Pausing when stopping && !terms.Endless && row is { Kind: FlowActKind.Call, Unknown: false }:
                // It is known to have taken no effect: there is nothing to wait for.
                return Fail(row, row.Why);
        }

        if (now >= row.Until)
        {
            return row.Stage == FlowStage.Expecting
                ? Lost(terms, row with { Kind = FlowActKind.Call }, $"the callee promised to tell, and did not in {Durations.Format(terms.Step.Finish)}")
                : Send(terms, row, row.Kind);
        }

        calling |= row.Stage == FlowStage.Pausing && row.Kind == FlowActKind.Call;
        WakeAt(row.Until!.Value);
        return FlowOutcome.Open;
    }

    static int NumberOf(FlowRow row) => row.Kind == FlowActKind.Call ? row.Attempt : row.Checks;

    FlowOutcome Send(in FlowCallTerms terms, FlowRow row, FlowActKind kind)
    {
        var call = kind == FlowActKind.Check ? terms.Check! : terms.Call;
        var (target, body, headers, fault) = kind == FlowActKind.Poll ? (row.Location!, null, [], null) : Render(call, terms);
        if (fault is not null)
        {
            // What cannot be said is not sent. Where it has to be, a person mends the declaration's world.
            if (terms.Endless)
            {
                Park(row, fault);
                return FlowOutcome.Open;
            }

            return Fail(row, fault);
        }

        row = Put(row with { Kind = kind, Stage = FlowStage.Calling, Until = null, Attempt = row.Attempt + (kind == FlowActKind.Call ? 1 : 0), Checks = kind == FlowActKind.Call ? 0 : row.Checks + 1 });
        List<KeyValuePair<string, string>> all = [.. headers, .. terms.More];
        if (kind == FlowActKind.Call)
        {
            all.Add(new("Idempotency-Key", $"\"{Run.Id}/{row.Path}/{row.Round}\""));
            all.Add(new("Mainstay-Callback", $"/api/v1/flow-runs/{Uri.EscapeDataString(Run.Id)}/finished?step={Uri.EscapeDataString(row.Path)}"));
        }

        all.Add(new("Mainstay-Run", $"{Run.Flow}/{Uri.EscapeDataString(Run.Id)}"));
        acts.Add(new(row.Path, kind, NumberOf(row), call.To, kind == FlowActKind.Poll ? "GET" : call.Method, target!, body, all, terms.Step.Timeout));
        calling = true;
        return FlowOutcome.Open;
    }

    static (string? Target, byte[]? Body, List<KeyValuePair<string, string>> Headers, string? Fault) Render(FlowCall call, in FlowCallTerms terms)
    {
        var headers = new List<KeyValuePair<string, string>>();
        var (path, wrong) = ExpressionText.Read(call.Path);
        var target = path is null ? ExpressionValue.Fault(wrong!) : path.Fill(terms.Scope, Uri.EscapeDataString, whole: true);
        if (target.IsFault)
        {
            return (null, null, headers, $"the path cannot be made: {target.Text}");
        }

        // What an expression gives must not lead out of the folder.
        if (target.Text!.Split('?')[0].Split('/').Any(s => s is "." or "..") || target.Text.Length > 8192)
        {
            return (null, null, headers, $"'{Short(target.Text)}' is no path that may be called");
        }

        foreach (var (name, text) in call.Headers ?? new Dictionary<string, string>())
        {
            var (read, bad) = ExpressionText.Read(text);
            var value = read is null ? ExpressionValue.Fault(bad!) : read.Fill(terms.Scope);
            if (value.IsFault || value.Text!.Length > 4096 || value.Text.Any(c => c is < ' ' or > '~'))
            {
                return (null, null, headers, $"the header {name} cannot be made: {(value.IsFault ? value.Text : "it is too long, or not printable ASCII")}");
            }

            headers.Add(new(name, value.Text));
        }

        if (call.Body is null)
        {
            return (target.Text, null, headers, null);
        }

        var (bytes, fault) = FlowJson.Fill(call.Body.Json, terms.Scope);
        return (target.Text, bytes, headers, fault is null ? null : $"the body cannot be made: {fault}");
    }

    static string Short(string text) => text.Length <= 80 ? text : text[..80] + "…";

    FlowOutcome Take(in FlowCallTerms terms, FlowRow row, FlowAnswer answer)
    {
        row = row with { Status = answer.Status };
        return row.Kind switch
        {
            FlowActKind.Poll => TakePoll(terms, row, answer),
            FlowActKind.Check => TakeCheck(terms, row, answer),
            _ => TakeCall(terms, row, answer),
        };
    }

    FlowOutcome TakeCall(in FlowCallTerms terms, FlowRow row, FlowAnswer answer)
    {
        if (answer.Status == 202 && answer.Location is { } location)
        {
            var at = now + (answer.RetryAfter ?? PollEvery);
            Put(row with { Kind = FlowActKind.Poll, Stage = FlowStage.Pausing, Location = location, Until = at, Due = now + terms.Step.Finish, Checks = 0, Unknown = true, Why = "the callee works on it" });
            WakeAt(at);
            return FlowOutcome.Open;
        }

        if (answer is { Status: 202, Tells: true })
        {
            Put(row with { Stage = FlowStage.Expecting, Until = now + terms.Step.Finish, Unknown = true, Why = "the callee works on it and tells when it is done" });
            WakeAt(now + terms.Step.Finish);
            return FlowOutcome.Open;
        }

        return IsDone(terms.Call, answer) ? Done(row, ResultOf(answer))
            : answer.IsLost ? Lost(terms, row with { Attempt = row.Attempt - 1 }, Told(answer))
            : answer.NotSent || answer.Status is 429 or 503 ? Again(terms, row, Told(answer), answer.RetryAfter)
            : answer.Status is 0 or 408 or 500 or 502 or 504 ? Lost(terms, row, Told(answer))
            : terms.Endless ? Again(terms, row with { Unknown = false }, Told(answer), answer.RetryAfter)
            : Fail(row with { Unknown = false }, Told(answer));
    }

    FlowOutcome TakePoll(in FlowCallTerms terms, FlowRow row, FlowAnswer answer)
    {
        if (answer.Status == 202 || answer.NotSent || answer.Status is 0 or 408 or 429 or >= 500)
        {
            if (now >= row.Due)
            {
                return Lost(terms, row with { Kind = FlowActKind.Call }, $"the callee did not finish in {Durations.Format(terms.Step.Finish)}");
            }

            var at = now + (answer.RetryAfter ?? PollEvery);
            Put(row with { Stage = FlowStage.Pausing, Until = at, Location = answer.Location ?? row.Location });
            WakeAt(at);
            return FlowOutcome.Open;
        }

        return IsDone(terms.Call, answer) ? Done(row with { Kind = FlowActKind.Call }, ResultOf(answer))
            : terms.Endless ? Again(terms, row with { Kind = FlowActKind.Call, Unknown = false }, Told(answer), null)
            : Fail(row with { Kind = FlowActKind.Call, Unknown = false }, Told(answer));
    }

    FlowOutcome TakeCheck(in FlowCallTerms terms, FlowRow row, FlowAnswer answer)
    {
        if (answer.Status is >= 200 and < 300 and not 202)
        {
            return Done(row with { Kind = FlowActKind.Call }, ResultOf(answer));
        }

        if (answer.Status == 404)
        {
            return Again(terms, row with { Kind = FlowActKind.Call, Unknown = false }, "it was not done", null);
        }

        if (row.Checks >= FlowDecide.MostTries)
        {
            Park(row, $"nobody knows what became of it: asked {row.Checks} times, last {Told(answer)}");
            return FlowOutcome.Open;
        }

        return Pause(terms, row, row.Checks, Told(answer), answer.RetryAfter);
    }

    /// <summary>Nobody knows whether it took effect.</summary>
    FlowOutcome Lost(in FlowCallTerms terms, FlowRow row, string why)
    {
        row = row with { Unknown = true };
        if (terms.Check is not null)
        {
            return Pause(terms, row with { Kind = FlowActKind.Check, Checks = 0 }, 1, why, null);
        }

        if (terms.Step.Repeat || terms.Endless)
        {
            return Again(terms, row, why, null);
        }

        Park(row, $"nobody knows whether it took effect, and it may not be repeated: {why}");
        return FlowOutcome.Open;
    }

    FlowOutcome Again(in FlowCallTerms terms, FlowRow row, string why, TimeSpan? after)
    {
        // On the way back nothing is tried anew that is known not to have been done.
        if (stopping && !terms.Endless && !row.Unknown)
        {
            return Fail(row, why);
        }

        if (row.Attempt < (terms.Endless ? Math.Max(FlowDecide.MostTries, terms.Step.Retry.Attempts) : terms.Step.Retry.Attempts))
        {
            return Pause(terms, row, row.Attempt, why, after);
        }

        if (!terms.Endless && !row.Unknown)
        {
            return Fail(row, why);
        }

        Park(row, terms.Endless ? $"{row.Attempt} tries did not succeed: {why}" : $"nobody knows whether it took effect after {row.Attempt} tries: {why}");
        return FlowOutcome.Open;
    }

    FlowOutcome Pause(in FlowCallTerms terms, FlowRow row, int number, string why, TimeSpan? after)
    {
        var wait = FlowDecide.Backoff(terms.Step.Retry, Run.Id, row.Path, Math.Max(1, number));
        var at = now + (after is { } asked && asked > wait ? asked < terms.Step.Retry.Most ? asked : terms.Step.Retry.Most : wait);
        Put(row with { Stage = FlowStage.Pausing, Until = at, Why = why });
        calling = true;
        WakeAt(at);
        return FlowOutcome.Open;
    }

    static bool IsDone(FlowCall call, FlowAnswer answer) => answer.Status is >= 200 and < 300 || (call.Accept?.Contains(answer.Status) ?? false);

    static string Told(FlowAnswer answer) => answer.Status == 0 ? answer.Why : $"{answer.Status}{(answer.Body is { } body ? " " + Short(body.ToString()) : "")}";

    static FreeValue ResultOf(FlowAnswer answer) => new(FlowJson.Make(w =>
    {
        w.WriteStartObject();
        w.WriteNumber("status", answer.Status);
        w.WritePropertyName("body");
        (answer.Body?.Json ?? FlowJson.Null).WriteTo(w);
        w.WriteEndObject();
    }));
}
