using System.Text.Json;
using Mainstay.Core.Expressions;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.State;

/// <summary>Finds everything that is wrong with a flow by itself: names, limits, and what its expressions refer to.</summary>
sealed class FlowChecks(FlowSpec flow)
{
    static readonly string[] Reserved = ["input", "run", "index", "tried", "true", "false", "null", "and", "or", "not"];

    readonly HashSet<string> names = new(StringComparer.Ordinal);
    readonly HashSet<string> compensated = new(StringComparer.Ordinal);
    bool beside;

    public IEnumerable<Problem> Problems()
    {
        var count = flow.All().Take(FlowSpec.MostSteps + 1).Count();
        if (count > FlowSpec.MostSteps)
        {
            return [new("steps", $"the flow has more than {FlowSpec.MostSteps} steps", "make a part of it a flow of its own")];
        }

        var known = new HashSet<string>(StringComparer.Ordinal) { "input", "run" };
        var problems = new List<Problem>(Steps("steps", flow.Steps, known, 0));
        problems.AddRange(Value("output", flow.Output, known));
        problems.AddRange(Limits.Between("keep", flow.Keep, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)));
        problems.AddRange(flow.Deadline is { } deadline ? Limits.Between("deadline", deadline, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)) : []);
        problems.AddRange(Undo());
        if (flow.All().Count(s => s.Step.Pivot) > 1)
        {
            problems.Add(new("steps", "more than one step is a pivot", "keep the first one: after it there is no way back in any case"));
        }

        return problems;
    }

    // What each step may refer to is added as it goes: so nothing refers to what comes later, or to itself.
    IEnumerable<Problem> Steps(string path, IReadOnlyList<FlowStep> steps, HashSet<string> known, int depth)
    {
        if (steps.Count == 0)
        {
            yield return new(path, "there are no steps", "add one: '- { name: reserve, call: { to: stock, path: /reservations } }'");
        }

        if (depth > FlowSpec.MostDepth)
        {
            yield return new(path, $"steps are nested deeper than {FlowSpec.MostDepth}", "make a part of them a flow of its own");
            yield break;
        }

        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i].Pivot && beside)
            {
                yield return new($"{path}.{i}.pivot", "what runs beside it could still fail after there is no way back", "put the pivot where one step follows another, outside of parallel and forEach");
            }

            foreach (var problem in Name(steps[i].Name).Select(p => p.Under("name")).Concat(Step(steps[i], known, depth)))
            {
                yield return problem.Under($"{path}.{i}");
            }

            known.Add(steps[i].Name);
        }
    }

    IEnumerable<Problem> Name(string name)
    {
        if (!Names.IsValid(name) || name.Contains('.', StringComparison.Ordinal) || !char.IsAsciiLetter(name.Length > 0 ? name[0] : ' ') || Reserved.Contains(name))
        {
            yield return new("", Reserved.Contains(name) ? $"'{name}' stands for something else in expressions" : $"'{name}' is not the name of a step", "use lower-case letters, digits or '-', beginning with a letter");
        }
        else if (!names.Add(name))
        {
            yield return new("", $"two steps are called '{name}'", "choose another name for one of them");
        }
    }

    List<Problem> Step(FlowStep step, HashSet<string> known, int depth)
    {
        object?[] kinds = [step.Call, step.Tcc, step.Parallel, step.Branch, step.ForEach, step.Wait, step.Flow];
        var problems = new List<Problem>();
        if (kinds.Count(k => k is not null) != 1)
        {
            problems.Add(new("", $"the step does {(kinds.All(k => k is null) ? "nothing" : "several things")}", "give exactly one of call, tcc, parallel, branch, forEach, wait and flow"));
        }

        problems.AddRange(Condition("when", step.When, known));
        problems.AddRange(Terms(step));
        problems.AddRange(step.Call is null ? [] : Call("call", step.Call, known));
        var after = new HashSet<string>(known, StringComparer.Ordinal) { step.Name };
        problems.AddRange(step.Check is null ? [] : Call("check", step.Check, known));
        problems.AddRange(step.Compensate is null ? [] : Call("compensate", step.Compensate, after));
        if (step.Compensate is not null)
        {
            compensated.Add(step.Name);
        }

        var before = beside;
        beside |= step.Parallel is not null || step.ForEach is not null;
        problems.AddRange(Parts(step, known, depth));
        beside = before;
        problems.AddRange(step.Wait is { } wait ? Wait(wait, known).Select(p => p.Under("wait")) : []);
        problems.AddRange(step.Flow is { } part ? Value("flow.input", part.Input, known) : []);
        return problems;
    }

    static IEnumerable<Problem> Terms(FlowStep step)
    {
        foreach (var (path, given) in new[] { ("check", step.Check is not null), ("compensate", step.Compensate is not null) })
        {
            if (given && step.Call is null)
            {
                yield return new(path, $"'{path}' belongs to a call, and the step has none", "put it on the step that calls");
            }
        }

        if (step is { Pivot: true, Compensate: not null })
        {
            yield return new("compensate", "there is no way back after a pivot, so it is never compensated", "remove 'compensate', or 'pivot'");
        }

        foreach (var problem in Limits.Between("timeout", step.Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1))
            .Concat(Limits.Between("finish", step.Finish, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)))
            .Concat(step.Retry.Validate().Select(p => p.Under("retry"))))
        {
            yield return problem;
        }
    }

    List<Problem> Parts(FlowStep step, HashSet<string> known, int depth)
    {
        var problems = new List<Problem>();
        if (step.Parallel is { } parallel)
        {
            problems.AddRange(Limits.Between("parallel", parallel.Count, 2, 16));
            foreach (var (name, steps) in parallel)
            {
                problems.AddRange(Names.IsValid(name) && !name.Contains('.', StringComparison.Ordinal) ? [] : [new Problem($"parallel.{name}", $"'{name}' is not the name of a branch", "use lower-case letters, digits or '-'")]);
                problems.AddRange(Steps($"parallel.{name}", steps, new(known, StringComparer.Ordinal), depth + 1));
            }
        }

        if (step.Branch is { } branch)
        {
            problems.AddRange(Limits.Between("branch", branch.Count, 1, 16));
            problems.AddRange(Cases(branch, known, depth));
        }

        if (step.ForEach is { } each)
        {
            problems.AddRange(Condition("forEach.in", each.In, known));
            problems.AddRange(Limits.Between("forEach.atOnce", each.AtOnce, 1, 100));
            problems.AddRange(Name(each.As).Select(p => p.Under("forEach.as")));
            // Several may call their items so, as long as none stands within another.
            names.Remove(each.As);
            problems.AddRange(known.Contains(each.As) ? [new Problem("forEach.as", $"'{each.As}' stands for the item of the step around it", "choose another name")] : []);
            problems.AddRange(Steps("forEach.steps", each.Steps, new(known, StringComparer.Ordinal) { each.As, "index" }, depth + 1));
        }

        problems.AddRange(step.Tcc is { } tcc ? Tcc(tcc, known).Select(p => p.Under("tcc")) : []);
        return problems;
    }

    IEnumerable<Problem> Cases(IReadOnlyList<FlowCase> cases, HashSet<string> known, int depth)
    {
        string? always = null;
        for (var i = 0; i < cases.Count; i++)
        {
            var path = $"branch.{i}";
            if (always is not null)
            {
                yield return new(path, $"this case is never reached: {always}", "move it up, or remove it");
            }

            foreach (var problem in Condition($"{path}.when", cases[i].When, known).Concat(Steps($"{path}.steps", cases[i].Steps, new(known, StringComparer.Ordinal), depth + 1)))
            {
                yield return problem;
            }

            var constant = cases[i].When is { } when ? Constant(when) : true;
            always ??= constant == true ? $"the case before it {(cases[i].When is null ? "has no 'when'" : "always holds")}" : null;
            if (constant == false)
            {
                yield return new($"{path}.when", "this case is never reached: its condition never holds", "mend the condition, or remove the case");
            }
        }
    }

    static bool? Constant(string when) =>
        ExpressionReader.Read(when).Read is { } read && !read.Paths.Any() && read.Evaluate(Nothing.Instance) is { Kind: ExpressionKind.Truth } value ? value.IsTrue : null;

    static IEnumerable<Problem> Wait(FlowWait wait, HashSet<string> known)
    {
        object?[] kinds = [wait.For, wait.Signal, wait.Approval];
        if (kinds.Count(k => k is not null) != 1)
        {
            yield return new("", kinds.All(k => k is null) ? "nothing is waited for: the wait would never end" : "several things are waited for", "give exactly one of for, signal and approval");
        }

        if (wait.Signal is { } signal && !Names.IsValid(signal))
        {
            yield return Names.Invalid("signal", signal);
        }

        foreach (var problem in (wait.For is { } span ? Limits.Between("for", span, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365)) : [])
            .Concat(Limits.Between("timeout", wait.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)))
            .Concat(wait.Approval is { } about ? Template("approval", about, known) : []))
        {
            yield return problem;
        }
    }

    static List<Problem> Tcc(FlowTcc tcc, HashSet<string> known)
    {
        var tried = new HashSet<string>(known, StringComparer.Ordinal) { "tried" };
        var problems = new List<Problem>(Limits.Between("participants", tcc.Participants.Count, 2, FlowTcc.Most));
        foreach (var (name, part) in tcc.Participants)
        {
            problems.AddRange(Names.IsValid(name) && !name.Contains('.', StringComparison.Ordinal) ? [] : [new Problem($"participants.{name}", $"'{name}' is not the name of a participant", "use lower-case letters, digits or '-'")]);
            problems.AddRange(Call($"participants.{name}.try", part.Try, known).Concat(Call($"participants.{name}.confirm", part.Confirm, tried)).Concat(Call($"participants.{name}.cancel", part.Cancel, tried)));
        }

        problems.AddRange(Limits.Between("within", tcc.Within, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)));
        problems.AddRange(tcc.Hold < tcc.Within * 2 || tcc.Hold > TimeSpan.FromDays(30)
            ? [new Problem("hold", $"{Durations.Format(tcc.Hold)} is outside {Durations.Format(tcc.Within * 2)} to 30d", "hold reservations at least twice as long as making them may take, so that there is time to confirm")]
            : []);
        return problems;
    }

    static IEnumerable<Problem> Call(string path, FlowCall call, HashSet<string> known)
    {
        if (call.Method.Length is 0 or > 32 || !call.Method.All(char.IsAsciiLetterUpper) || call.Method is "CONNECT" or "HEAD")
        {
            yield return new($"{path}.method", $"'{call.Method}' is not a method here", "write one in upper case, for example POST");
        }

        if (!call.Path.StartsWith('/') || call.Path.Length > 2048 || call.Path.Any(c => c is < ' ' or > '~' or '#'))
        {
            yield return new($"{path}.path", $"'{call.Path}' is not a path", "write '/' and at most 2048 printable ASCII characters without '#'");
        }

        foreach (var problem in Template($"{path}.path", call.Path, known).Concat(Value($"{path}.body", call.Body, known)).Concat(Headers($"{path}.headers", call.Headers, known)))
        {
            yield return problem;
        }

        foreach (var status in (call.Accept ?? []).Where(s => s is < 300 or > 599))
        {
            yield return new($"{path}.accept", $"{status} is outside 300 to 599", "name statuses that would be failures; 200 to 299 are none");
        }
    }

    static IEnumerable<Problem> Headers(string path, IReadOnlyDictionary<string, string>? headers, HashSet<string> known)
    {
        headers ??= new Dictionary<string, string>();
        if (headers.Count > 32)
        {
            yield return new(path, $"{headers.Count} headers are more than 32", "send some of them in the body");
        }

        foreach (var (name, value) in headers)
        {
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || name.Length is 0 or > 64
                || name.ToLowerInvariant() is "host" or "content-length" or "content-type" or "transfer-encoding" or "connection" or "idempotency-key" or "traceparent" || name.StartsWith("mainstay-", StringComparison.OrdinalIgnoreCase))
            {
                yield return new($"{path}.{name}", $"'{name}' is not a header that can be given here", "use letters, digits and '-'; those of the message itself are set by Mainstay");
            }

            foreach (var problem in Template($"{path}.{name}", value, known))
            {
                yield return problem;
            }
        }
    }

    static IEnumerable<Problem> Condition(string path, string? text, HashSet<string> known)
    {
        if (text is null)
        {
            return [];
        }

        var (read, wrong) = ExpressionReader.Read(text);
        return read is null ? [new(path, wrong!, "write for example input.total > 100 and reserve.status == 201")] : Paths(path, read.Paths, known);
    }

    static IEnumerable<Problem> Template(string path, string text, HashSet<string> known)
    {
        var (read, wrong) = ExpressionText.Read(text);
        return read is null ? [new(path, wrong!, "write expressions as {name.member}, and braces themselves twice: {{ }}")] : Paths(path, read.Expressions.SelectMany(e => e.Paths), known);
    }

    static IEnumerable<Problem> Value(string path, FreeValue? value, HashSet<string> known) =>
        value is null ? [] : value.Validate().Select(p => p.Under(path)).Concat(ComposeScope.TextsOf(value.Json).Distinct(StringComparer.Ordinal).SelectMany(t => Template(path, t, known)));

    static IEnumerable<Problem> Paths(string path, IEnumerable<PathExpression> ways, HashSet<string> known) =>
        ways.Where(w => !known.Contains(w.Name)).Select(w => w.Name).Distinct(StringComparer.Ordinal).Select(name => new Problem(
            path, $"there is nothing named '{name}' here", Nearest.To(name, known) is { } near ? $"did you mean '{near}'?" : $"known: {string.Join(", ", known.Order(StringComparer.Ordinal))}"));

    IEnumerable<Problem> Undo()
    {
        if (flow.Undo is not { } undo)
        {
            yield break;
        }

        foreach (var (name, i) in undo.Select((n, i) => (n, i)))
        {
            if (!compensated.Contains(name))
            {
                yield return new($"undo.{i}", $"there is no step '{name}' with 'compensate'", Nearest.To(name, compensated) is { } near ? $"did you mean '{near}'?" : "name steps that can be compensated");
            }
        }

        foreach (var missing in compensated.Except(undo, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            yield return new("undo", $"'{missing}' has a compensation and no place in the order", "add it, or remove 'undo' for the reverse of the order in which steps were done");
        }
    }

    sealed class Nothing : IExpressionScope
    {
        public static Nothing Instance { get; } = new();

        public JsonElement? Find(string name) => null;
    }
}
