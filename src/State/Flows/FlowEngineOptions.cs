using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;

namespace Mainstay.State.Flows;

/// <summary>Where an engine keeps its runs, and what it needs of the world.</summary>
public sealed record FlowEngineOptions
{
    /// <summary>The file; beside it lie others of the same name. Where runs are shared it is a copy for reading, which is made anew at each start.</summary>
    public required string Path { get; init; }

    /// <summary>Where runs are, if several servers have them; null (default) where they are in the file alone.</summary>
    public SharedFlows? Shared { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Makes the calls.</summary>
    public required IFlowCaller Caller { get; init; }

    /// <summary>Called with where and what went wrong inside; default: nobody is told.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Called with a run that has ended and its rows, once that is durable; must return at once.</summary>
    public Action<FlowRun, IReadOnlyList<FlowRow>>? OnEnded { get; init; }

    /// <summary>How many calls are under way at the same time; the others wait, and their time does not run. Default 256.</summary>
    public int MostCalls { get; init; } = 256;
}

/// <summary>The seam to the services that flows call.</summary>
public interface IFlowCaller
{
    /// <summary>Makes one call; never throws. What went wrong is in the answer.</summary>
    Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop);
}

/// <summary>A declaration as runs keep it.</summary>
/// <param name="Definition">The flow and its parts.</param>
/// <param name="Digest">Tells it from every other.</param>
/// <param name="Json">As it is kept.</param>
public sealed record FlowDeclared(FlowDefinition Definition, string Digest, byte[] Json)
{
    public static FlowDeclared Of(FlowDefinition definition)
    {
        var json = Codec.EncodeSorted(definition);
        return new(definition, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(json))[..32], json);
    }
}

/// <summary>How a wish ended.</summary>
public enum FlowReplyKind
{
    Done,

    /// <summary>There is no such run.</summary>
    Missing,

    /// <summary>The run, as it stands, does not allow it; the problem says why.</summary>
    Refused,

    /// <summary>Too much is asked for at the moment: to be tried again.</summary>
    Busy,

    /// <summary>The disk, or the size that the file may have, is used up; nothing was changed.</summary>
    DiskFull,

    /// <summary>The file cannot be written or read.</summary>
    Unavailable,
}

/// <summary>The answer to a wish.</summary>
/// <param name="Run">As it is afterwards; null where it is not done.</param>
/// <param name="Problem">Why it is not done; null where it is.</param>
public sealed record FlowReply(FlowReplyKind Kind, FlowRun? Run = null, Problem? Problem = null)
{
    /// <summary>True where a start found its run there already.</summary>
    public bool Existed { get; init; }
}

/// <summary>Which runs are listed, newest first.</summary>
/// <param name="Flow">Of this flow; null for all.</param>
/// <param name="State">In this state; null for all.</param>
/// <param name="Text">Whose id, input or reason has this in it; null for all.</param>
/// <param name="Before">Only what stands behind this one in the list: the last of the page before.</param>
/// <param name="Limit">How many at most.</param>
public sealed record FlowQuery(string? Flow, FlowState? State, string? Text, (DateTimeOffset At, string Id)? Before, int Limit);

/// <summary>A run with all its rows.</summary>
public sealed record FlowDetail(FlowRun Run, FlowDefinition Definition, IReadOnlyList<FlowRow> Rows);
