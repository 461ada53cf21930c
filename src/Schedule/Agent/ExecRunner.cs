using Mainstay.Core.Kinds;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Schedule.Agent;

/// <summary>Runs the commands that the server asks for beside instances, and tells how each ended. What cannot be told is lost: whoever asked is told that by the server.</summary>
sealed class ExecRunner(InstanceDriver driver, ServerLink server, Action<string, Exception> onFault) : IDisposable
{
    // Others wait: their time runs at the server.
    const int Parallel = 8;

    readonly SemaphoreSlim turns = new(Parallel);

    public void Take(IReadOnlyList<ExecAsk>? asks, CancellationToken stop)
    {
        foreach (var ask in asks ?? [])
        {
            _ = Task.Run(() => RunAsync(ask, stop), CancellationToken.None);
        }
    }

    /// <summary>What still runs ends with the agent, and is not told.</summary>
    public void Dispose() => turns.Dispose();

    async Task RunAsync(ExecAsk ask, CancellationToken stop)
    {
        try
        {
            await turns.WaitAsync(stop);
            try
            {
                var answer = await driver.ExecAsync(ask, stop);
                using var response = await server.CallAsync(HttpMethod.Post, $"execs/{Uri.EscapeDataString(ask.Id)}", Codec.Encode(answer), stop);
            }
            finally
            {
                turns.Release();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception fault)
        {
            onFault($"exec beside {ask.Instance}", fault);
        }
    }
}
