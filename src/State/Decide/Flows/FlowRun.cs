using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>A run of a flow, without its steps.</summary>
public sealed record FlowRun
{
    /// <summary>The longest id, in characters.</summary>
    public const int LongestId = 100;

    /// <summary>The most signals that a run keeps until it waits for them.</summary>
    public const int MostSignals = 100;

    /// <summary>As given at the start, or made: whoever starts it again with the same id gets the same run.</summary>
    public required string Id { get; init; }

    public required string Flow { get; init; }

    /// <summary>Digest of the declaration that the run began with and keeps.</summary>
    public required string Definition { get; init; }

    public FreeValue? Input { get; init; }

    public FlowState State { get; init; }

    /// <summary>Why it is so: what failed, who cancelled it, what a person is asked; empty where the state says all.</summary>
    public string Why { get; init; } = "";

    /// <summary>It is on its way back: nothing new is begun, and what was done is compensated.</summary>
    public bool Stopping { get; init; }

    /// <summary>It is past its pivot: there is no way back.</summary>
    public bool Pivoted { get; init; }

    /// <summary>Who started it.</summary>
    public string By { get; init; } = "";

    public required DateTimeOffset At { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>It is taken back where it has not succeeded by then.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public FreeValue? Output { get; init; }

    /// <summary>How many steps were done: the last one's number.</summary>
    public int Order { get; init; }

    /// <summary>How often it was begun anew from a step; part of what makes idempotency keys.</summary>
    public int Round { get; init; }

    /// <summary>Signals that came and were not waited for yet.</summary>
    public IReadOnlyList<FlowSignal> Signals { get; init; } = [];

    public bool HasEnded => State is FlowState.Succeeded or FlowState.Compensated;
}

/// <summary>A signal that came.</summary>
public sealed record FlowSignal(string Name, FreeValue? Content, DateTimeOffset At);

/// <summary>The states of a run.</summary>
public enum FlowState
{
    /// <summary>A step is under way or is about to be tried again.</summary>
    Running,

    /// <summary>It waits for time, a signal, a person, or an answer that a callee promised.</summary>
    Waiting,

    /// <summary>What was done is being taken back.</summary>
    Compensating,

    /// <summary>It goes no further by itself: a person has to say what became of a step, or mend what hinders it.</summary>
    Parked,

    /// <summary>All steps were done.</summary>
    Succeeded,

    /// <summary>It failed or was cancelled, and everything that was done and can be compensated is.</summary>
    Compensated,
}

/// <summary>One thing that a run does or waits for: a step, a call of one, or a compensation.</summary>
public sealed record FlowRow
{
    /// <summary>Names joined by <c>/</c>: <c>reserve</c>, <c>each/3/pay</c>; a compensation ends in <c>!undo</c>, the calls of a tcc in <c>!try</c>, <c>!confirm</c> and <c>!cancel</c>.</summary>
    public required string Path { get; init; }

    public FlowStage Stage { get; init; }

    /// <summary>What is done or waited for.</summary>
    public FlowActKind Kind { get; init; }

    /// <summary>The round of the run in which it began.</summary>
    public int Round { get; init; }

    /// <summary>The try that it is at, from 1.</summary>
    public int Attempt { get; init; }

    /// <summary>How often it was asked what became of it.</summary>
    public int Checks { get; init; }

    public DateTimeOffset Began { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>When something has to be done about it.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>When a callee that answered 202 has to have finished, or when the tries of a tcc end.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>The status of the last answer; 0 where there was none.</summary>
    public int Status { get; init; }

    public FreeValue? Result { get; init; }

    /// <summary>Of a flow within: its input.</summary>
    public FreeValue? Input { get; init; }

    /// <summary>What went wrong last, or what is waited for; empty where nothing is to be said.</summary>
    public string Why { get; init; } = "";

    /// <summary>A try was made of which nobody knows whether it took effect.</summary>
    public bool Unknown { get; init; }

    /// <summary>Its place among the steps that were done, from 1; 0 where it was not.</summary>
    public int Order { get; init; }

    /// <summary>Of a branch the case taken, of a forEach the number of items, of a tcc 0 while it tries, 1 confirming, 2 cancelling.</summary>
    public int Choice { get; init; }

    /// <summary>Of a forEach: how many of the first items are done.</summary>
    public int Low { get; init; }

    /// <summary>Where a callee that answered 202 is asked.</summary>
    public string? Location { get; init; }

    public bool IsOver => Stage is FlowStage.Done or FlowStage.Failed or FlowStage.Skipped;
}

/// <summary>How far a row is.</summary>
public enum FlowStage
{
    /// <summary>A call is under way.</summary>
    Calling,

    /// <summary>A call is made again at its time.</summary>
    Pausing,

    /// <summary>The callee said that it tells when it is done.</summary>
    Expecting,

    /// <summary>It waits for time, a signal or a person.</summary>
    Waiting,

    /// <summary>Steps within it are under way.</summary>
    Open,

    Done,

    /// <summary>It was not done, or what it did is known to have been undone.</summary>
    Failed,

    /// <summary>Its condition did not hold.</summary>
    Skipped,

    /// <summary>A person has to say how it goes on.</summary>
    Parked,
}

/// <summary>What a row does or waits for.</summary>
public enum FlowActKind
{
    /// <summary>The call itself.</summary>
    Call,

    /// <summary>A callee that answered 202 is asked whether it has finished.</summary>
    Poll,

    /// <summary>It is asked what became of a call whose outcome is unknown.</summary>
    Check,

    Timer,
    Signal,
    Approval,

    /// <summary>Steps within.</summary>
    Steps,
}

/// <summary>A declaration with the flows that are its parts, as a run keeps it.</summary>
/// <param name="Flow">The name of the flow itself.</param>
/// <param name="Flows">By name: it, and those that are parts of it.</param>
public sealed record FlowDefinition(string Flow, IReadOnlyDictionary<string, FlowSpec> Flows)
{
    public FlowSpec Spec => Flows[Flow];

    /// <summary>The declaration of <paramref name="name"/> with its parts; null where one of them is not there.</summary>
    public static FlowDefinition? Of(string name, Func<string, FlowSpec?> find)
    {
        var all = new Dictionary<string, FlowSpec>(StringComparer.Ordinal);
        var open = new Queue<string>([name]);
        while (open.TryDequeue(out var next))
        {
            if (all.ContainsKey(next))
            {
                continue;
            }

            if (find(next) is not { } spec)
            {
                return null;
            }

            all[next] = spec;
            foreach (var (_, step) in spec.All())
            {
                if (step.Flow is { } part)
                {
                    open.Enqueue(part.Name);
                }
            }
        }

        return new(name, all);
    }
}
