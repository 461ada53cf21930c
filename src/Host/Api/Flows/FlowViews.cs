using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Host.Api.Flows;

/// <summary>Asks for a run of a flow.</summary>
public sealed record FlowStartAsk
{
    /// <summary>Its id: who asks again with the same id and input gets the same run. 1 to 100 letters, digits, <c>-</c>, <c>_</c>, <c>.</c>. Default: one is made.</summary>
    public string? Id { get; init; }

    /// <summary>What the flow's expressions see as <c>input</c>. Default null; at most 64 KiB, nested at most 40 deep.</summary>
    public FreeValue? Input { get; init; }
}

/// <summary>A run with its steps.</summary>
/// <param name="Steps">In the order in which they began.</param>
/// <param name="Definition">As it was when the run began.</param>
/// <param name="TraceId">Of its trace.</param>
public sealed record FlowRunView(FlowRun Run, IReadOnlyList<FlowRow> Steps, FlowDefinition Definition, string TraceId);

/// <summary>Runs, newest first.</summary>
/// <param name="Items">Without their steps.</param>
/// <param name="Continue">Give it as <c>continue</c> for the next ones; null at the end.</param>
public sealed record FlowRunPage(IReadOnlyList<FlowRun> Items, string? Continue);

/// <summary>How many runs of a flow are in a state.</summary>
public sealed record FlowCount(string Flow, FlowState State, long Count);

/// <summary>All of them.</summary>
/// <param name="Items">Of each flow and state.</param>
/// <param name="Place">Where runs are kept, for people.</param>
/// <param name="Shared">True where another server goes on with them when this one is lost; false where they go on once a server is started on this one's data folder.</param>
public sealed record FlowCounts(IReadOnlyList<FlowCount> Items, string Place, bool Shared);
