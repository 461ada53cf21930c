using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>What people and callees say of rows, what a lost server leaves, and the results of steps.</summary>
sealed partial class FlowWalk
{
    /// <summary>Takes in what somebody said of a row that is known to wait for it.</summary>
    public void Told(FlowEvent happened)
    {
        switch (happened)
        {
            case FlowFinished finished:
                Settle(finished.Path, finished.Done, finished.Body, finished.Body is { } body ? Short(body.ToString()) : "the callee said that it failed");
                break;
            case FlowResolved resolved:
                Settle(resolved.Path, resolved.Done, resolved.Body, $"{resolved.By} said that it was not done");
                break;
            case FlowApproved approved:
                var row = Row(approved.Path)!;
                if (approved.Approved)
                {
                    Done(row, new(FlowJson.Make(w =>
                    {
                        w.WriteStartObject();
                        w.WriteString("by", approved.By);
                        w.WriteString("note", approved.Note ?? "");
                        w.WriteEndObject();
                    })));
                }
                else
                {
                    Fail(row, $"rejected by {approved.By}{(approved.Note is { Length: > 0 } note ? ": " + note : "")}");
                }

                break;
        }
    }

    void Settle(string path, bool done, FreeValue? body, string why)
    {
        var row = Row(path)!;
        if (done)
        {
            Done(row with { Kind = FlowActKind.Call }, ResultOf(new FlowAnswer { Status = 200, Body = body }));
        }
        else
        {
            // What has to succeed, and somebody says was not done, is made again.
            Put(Run.Pivoted || (path.Contains('!', StringComparison.Ordinal) && !path.EndsWith("!try", StringComparison.Ordinal))
                ? row with { Stage = FlowStage.Pausing, Kind = FlowActKind.Call, Until = now, Attempt = 0, Why = why, Unknown = false }
                : row with { Stage = FlowStage.Failed, Kind = FlowActKind.Call, Ended = now, Until = null, Why = why, Unknown = false });
        }
    }

    /// <summary>Calls that were under way are as good as not answered.</summary>
    public void Lose()
    {
        foreach (var row in view.All().Where(r => r.Stage == FlowStage.Calling))
        {
            Answers[row.Path] = new(row.Path, row.Kind, NumberOf(row), new() { IsLost = true, Why = "the server ended while it was made" });
        }
    }

    /// <summary>What is parked is tried again at once, with all its tries.</summary>
    public void Unpark()
    {
        foreach (var row in view.All().Where(r => r.Stage == FlowStage.Parked).ToList())
        {
            if (row.Kind is FlowActKind.Call or FlowActKind.Check or FlowActKind.Poll)
            {
                Put(row with { Stage = FlowStage.Pausing, Until = now, Attempt = row.Kind == FlowActKind.Call ? 0 : row.Attempt, Checks = 0 });
            }
            else
            {
                // It is looked at as if it were new: what it waited for may be there by now. What a tcc cancelled is tried under another name.
                changed[row.Path] = null;
                var calls = view.All().Where(r => IsCallOf(row.Path, r.Path)).ToList();
                calls.ForEach(c => changed[c.Path] = null);
                Run = calls.Count > 0 ? Run with { Round = Run.Round + 1 } : Run;
            }
        }
    }

    static bool IsCallOf(string tcc, string path) =>
        path.Length > tcc.Length + 1 && path[tcc.Length] == '/' && path.StartsWith(tcc, StringComparison.Ordinal) && path.AsSpan(tcc.Length + 1) is var rest
        && !rest.Contains('/') && (rest.EndsWith("!try") || rest.EndsWith("!confirm") || rest.EndsWith("!cancel"));

    /// <summary>Forgets everything from a step on, and what was compensated, so that it is done anew; why not, where it cannot be.</summary>
    public Problem? BeginAnew(string? from)
    {
        var steps = view.Definition.Spec.Steps;
        var all = view.All().ToList();
        var undone = all.Where(r => r.Path.EndsWith("!undo", StringComparison.Ordinal)).Select(r => Top(r.Path)).ToHashSet(StringComparer.Ordinal);
        var over = all.Where(r => r.Stage is FlowStage.Failed).Select(r => Top(r.Path)).ToHashSet(StringComparer.Ordinal);
        var first = Enumerable.Range(0, steps.Count).FirstOrDefault(i => undone.Contains(steps[i].Name) || over.Contains(steps[i].Name) || Row(steps[i].Name) is null, steps.Count);
        var index = from is null ? first : steps.Index().FirstOrDefault(s => s.Item.Name == from, (-1, null!)).Index;
        if (index < 0)
        {
            return new("from", $"the flow has no step '{from}' at its top", $"it has {string.Join(", ", steps.Select(s => s.Name))}");
        }

        if (index > first)
        {
            return new("from", $"'{steps[first].Name}' is not done, or was taken back", $"begin with it, or with an earlier step");
        }

        var again = steps.Skip(index).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var row in all.Where(r => again.Contains(Top(r.Path))))
        {
            changed[row.Path] = null;
        }

        Run = Run with
        {
            Stopping = false, Pivoted = false, State = FlowState.Running, Why = "", EndedAt = null, Output = null, Round = Run.Round + 1,
            Deadline = view.Definition.Spec.Deadline is { } deadline ? now + deadline : null,
        };
        return null;
    }

    static string Top(string path)
    {
        var end = path.AsSpan().IndexOfAny('/', '!');
        return end < 0 ? path : path[..end];
    }

    /// <summary>What a step's name stands for; null where it was left out.</summary>
    JsonElement? ResultOf(FlowStep step, string path)
    {
        if (Row(path) is not { } row || row.Stage == FlowStage.Skipped)
        {
            return null;
        }

        if (step is { Parallel: null, Branch: null, ForEach: null })
        {
            return row.Result?.Json;
        }

        return FlowJson.Make(w =>
        {
            if (step.ForEach is { } each)
            {
                w.WriteStartArray();
                for (var i = 0; i < row.Choice; i++)
                {
                    Write(w, each.Steps, $"{path}/{i}/");
                }

                w.WriteEndArray();
            }
            else if (step.Branch is { } branch)
            {
                Write(w, branch[row.Choice].Steps, $"{path}/");
            }
            else
            {
                w.WriteStartObject();
                foreach (var (name, steps) in step.Parallel!)
                {
                    w.WritePropertyName(name);
                    Write(w, steps, $"{path}/{name}/");
                }

                w.WriteEndObject();
            }
        });
    }

    void Write(Utf8JsonWriter writer, IReadOnlyList<FlowStep> steps, string prefix)
    {
        writer.WriteStartObject();
        foreach (var step in steps)
        {
            writer.WritePropertyName(step.Name);
            (ResultOf(step, prefix + step.Name) ?? FlowJson.Null).WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
