using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>A composition with its templates and conditions read.</summary>
internal sealed class ComposePlan
{
    public ComposePlan(ComposeSpec spec)
    {
        IsSequence = spec.Steps is not null;
        Calls = IsSequence
            ? [.. spec.Steps!.Select(step => new ComposeLeg(step.Name, step.Call, step.When, step.Else))]
            : [.. (spec.Parts ?? new Dictionary<string, ComposeCall>()).OrderBy(part => part.Key, StringComparer.Ordinal).Select(part => new ComposeLeg(part.Key, part.Value, null, null))];
        Answer = spec.Answer is { } answer ? new ComposeShape(answer) : null;
        MarkPartial = spec.MarkPartial;
        NeedsBody = Calls.SelectMany(call => call.References).Concat(Answer?.Body?.References ?? [])
            .Any(reference => reference is { Name: ComposeFacts.Request, Members: ["body", ..] });
    }

    /// <summary>One after another, or all at once.</summary>
    public bool IsSequence { get; }

    /// <summary>In order; where they run at once, by name.</summary>
    public ComposeLeg[] Calls { get; }

    /// <summary>Null for the default shape.</summary>
    public ComposeShape? Answer { get; }

    public bool MarkPartial { get; }

    /// <summary>Something refers to the body of the client's request.</summary>
    public bool NeedsBody { get; }

    /// <summary>In words, for people.</summary>
    public override string ToString() => (IsSequence ? "one after another: " : "at the same time: ") + string.Join(IsSequence ? ", then " : ", ", Calls.Select(call => call.ToString()));
}

/// <summary>One call of a composition.</summary>
internal sealed class ComposeLeg
{
    private readonly HashSet<int> accepted;

    public ComposeLeg(string name, ComposeCall call, string? when, ComposeAnswer? otherwise)
    {
        (Name, Call) = (name, call);
        Path = JsonText.Read(call.Path).Text;
        Body = call.Body is { } body ? JsonShape.Of(body.Json) : null;
        (When, HasWhen) = (when is null ? null : ComposeCondition.Read(when).Condition, when is not null);
        WhenText = when;
        Else = otherwise is null ? null : new ComposeShape(otherwise);
        accepted = [.. call.Accept ?? []];
    }

    public string Name { get; }

    public ComposeCall Call { get; }

    /// <summary>Null where it could not be read: the call then fails.</summary>
    public JsonText? Path { get; }

    public JsonShape? Body { get; }

    public ComposeCondition? When { get; }

    /// <summary>There is a condition; one that could not be read never holds.</summary>
    public bool HasWhen { get; }

    public string? WhenText { get; }

    public ComposeShape? Else { get; }

    public IEnumerable<JsonReference> References =>
        (Path?.References ?? []).Concat(Body?.References ?? []).Concat(When?.References ?? []).Concat(Else?.Body?.References ?? []);

    public bool Accepts(int status) => status is >= 200 and < 300 || accepted.Contains(status);

    public override string ToString() =>
        $"{Name} ({Call.Method} {Call.To}{Call.Path}{(WhenText is null ? "" : $", when {WhenText}")}{(Call.Default is null ? "" : ", with a default")})";
}

/// <summary>The answer's status and shape.</summary>
internal sealed class ComposeShape(ComposeAnswer answer)
{
    public int Status { get; } = answer.Status;

    /// <summary>Null for the default.</summary>
    public JsonShape? Body { get; } = answer.Body is { } body ? JsonShape.Of(body.Json) : null;
}
