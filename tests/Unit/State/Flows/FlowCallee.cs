using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;

namespace Mainstay.Tests.State.Flows;

/// <summary>Answers every call with what was asked, and remembers it.</summary>
sealed class FlowCallee : IFlowCaller
{
    readonly List<(string Target, string Key)> calls = [];

    /// <summary>How many are answered; the others wait until they are given up.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>How long the answer's text is, at least.</summary>
    public int Answer { get; init; }

    public IReadOnlyList<(string Target, string Key)> Calls
    {
        get
        {
            lock (calls)
                return [.. calls];
        }
    }

    public async Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
    {
        int count;
        lock (calls)
        {
            calls.Add((act.Target, act.Headers.First(h => h.Key == "Idempotency-Key").Value));
            count = calls.Count;
        }

        if (count > Most)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        return new() { Status = 200, Body = new(JsonSerializer.SerializeToElement($"{act.Method} {act.Target}".PadRight(Answer))) };
    }
}
