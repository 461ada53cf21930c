namespace Mainstay.Core.Kinds.State;

/// <summary>A step of a flow: exactly one of call, tcc, parallel, branch, forEach, wait and flow.</summary>
public sealed record FlowStep
{
    /// <summary>The step's name, unlike every other in the flow; what follows refers to its result by it.</summary>
    public required string Name { get; init; }

    /// <summary>Only then the step is done, as an expression: <c>input.total &gt; 100 and reserve.status == 201</c>. Default: always.</summary>
    public string? When { get; init; }

    /// <summary>Calls a service. Its result has <c>status</c> and <c>body</c>.</summary>
    public FlowCall? Call { get; init; }

    /// <summary>Reserves with several services and then confirms with all of them, or cancels with all. Its result has the result of each try, by name.</summary>
    public FlowTcc? Tcc { get; init; }

    /// <summary>Steps in several branches at the same time, by the branches' names. 2 to 16. Its result has one map per branch, with the results of its steps by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<FlowStep>>? Parallel { get; init; }

    /// <summary>The first case that holds is done; where none does, the step is left out. 1 to 16. Its result has the results of the steps by name.</summary>
    public IReadOnlyList<FlowCase>? Branch { get; init; }

    /// <summary>The same steps for each item of a list. Its result is a list of maps with the results of the steps by name.</summary>
    public FlowEach? ForEach { get; init; }

    /// <summary>Waits for some time, a signal or a person.</summary>
    public FlowWait? Wait { get; init; }

    /// <summary>Another flow as a part of this one: its steps and compensations become this run's. Its result is its output.</summary>
    public FlowPart? Flow { get; init; }

    /// <summary>How long one try of a call may take. Default 30s; 1ms to 1h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a callee that answers 202 may take to finish. Default 1h; 1s to 30d.</summary>
    public TimeSpan Finish { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often a call is tried, and how long is waited between. Default: 5 times.</summary>
    public FlowRetry Retry { get; init; } = new();

    /// <summary>
    /// Whether a call whose outcome is unknown (it timed out, the connection broke, 408, 500, 502, 504) is made again with the same <c>Idempotency-Key</c>. Default true; the callee knows the key. Where false, and there
    /// is no <c>check</c>, a person has to say what became of it.
    /// </summary>
    public bool Repeat { get; init; } = true;

    /// <summary>Asks what became of a call whose outcome is unknown: 2xx says it was done and gives its result, 404 that it was not, anything else that it is not known yet. Default: the call is made again.</summary>
    public FlowCall? Check { get; init; }

    /// <summary>Takes back what the call did; made again until it succeeds, and after 20 tries a person is asked. Default: nothing is to be taken back.</summary>
    public FlowCall? Compensate { get; init; }

    /// <summary>Once this step is done there is no way back: what follows is tried until it succeeds. Default false.</summary>
    public bool Pivot { get; init; }

    /// <summary>The steps within, with their path below this one.</summary>
    public IEnumerable<(string Path, IReadOnlyList<FlowStep> Steps)> Inner() =>
        (Parallel ?? new Dictionary<string, IReadOnlyList<FlowStep>>()).Select(p => ($"parallel.{p.Key}", p.Value))
            .Concat((Branch ?? []).Select((c, i) => ($"branch.{i}.steps", c.Steps)))
            .Concat(ForEach is { } each ? new[] { ("forEach.steps", each.Steps) } : []);

    /// <summary>The calls of this step itself, with their path below it.</summary>
    public IEnumerable<(string Path, FlowCall Call)> Calls()
    {
        foreach (var (path, call) in new[] { ("call", Call), ("check", Check), ("compensate", Compensate) })
        {
            if (call is not null)
            {
                yield return (path, call);
            }
        }

        foreach (var (name, part) in Tcc?.Participants ?? new Dictionary<string, FlowParticipant>())
        {
            yield return ($"tcc.participants.{name}.try", part.Try);
            yield return ($"tcc.participants.{name}.confirm", part.Confirm);
            yield return ($"tcc.participants.{name}.cancel", part.Cancel);
        }
    }
}

/// <summary>A case of a branch.</summary>
public sealed record FlowCase
{
    /// <summary>The case is taken where this expression holds. Default: always; only the last case may go without.</summary>
    public string? When { get; init; }

    /// <summary>What is done then. At least one.</summary>
    public required IReadOnlyList<FlowStep> Steps { get; init; }
}

/// <summary>The same steps for each item of a list.</summary>
public sealed record FlowEach
{
    /// <summary>The most items.</summary>
    public const int Most = 1000;

    /// <summary>An expression that gives a list of at most 1,000 items: <c>input.items</c>.</summary>
    public required string In { get; init; }

    /// <summary>What an item is called in the steps; <c>index</c> is its number from 0. Default item.</summary>
    public string As { get; init; } = "item";

    /// <summary>How many items are under way at the same time. Default 1; 1 to 100.</summary>
    public int AtOnce { get; init; } = 1;

    /// <summary>What is done for each. At least one.</summary>
    public required IReadOnlyList<FlowStep> Steps { get; init; }
}

/// <summary>What is waited for: exactly one of for, signal and approval.</summary>
public sealed record FlowWait
{
    /// <summary>So long. 1ms to 365d.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>A signal of this name; one that came before is taken. Its content is the step's result.</summary>
    public string? Signal { get; init; }

    /// <summary>That somebody approves; the text says of what, with expressions in braces. Where it is rejected the step fails.</summary>
    public string? Approval { get; init; }

    /// <summary>How long a signal or an approval is waited for. Then the step fails. Default 7d; 1s to 365d.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>Another flow as a part.</summary>
[PlainValueIs(nameof(Name))]
public sealed record FlowPart
{
    /// <summary>The other flow.</summary>
    public required string Name { get; init; }

    /// <summary>Its input, with expressions in braces. Default: null.</summary>
    public FreeValue? Input { get; init; }
}

/// <summary>How a call is tried again.</summary>
[PlainValueIs(nameof(Attempts))]
public sealed record FlowRetry
{
    /// <summary>How often it is tried in all. Default 5; 1 to 100.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Wait before the second try; it doubles with each, give or take a fifth. Default 500ms; 1ms to 1h.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait. Default 1m; 1ms to 1d.</summary>
    public TimeSpan Most { get; init; } = TimeSpan.FromMinutes(1);

    public IEnumerable<Problem> Validate() =>
        Limits.Between("attempts", Attempts, 1, 100)
            .Concat(Limits.Between("backoff", Backoff, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("most", Most, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1)));
}
