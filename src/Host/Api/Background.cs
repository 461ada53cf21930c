using Microsoft.Extensions.Hosting;

namespace Mainstay.Host.Api;

/// <summary>Runs what goes on as long as the server does. A part that fails is told of; it ends alone.</summary>
public sealed class Background(Action<string, Exception>? onFault, params IReadOnlyList<Func<CancellationToken, Task>> parts) : IHostedService, IDisposable
{
    readonly CancellationTokenSource stop = new();
    Task running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        running = Task.WhenAll(parts.Select(RunAsync));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stop.CancelAsync();
        await running;
    }

    public void Dispose() => stop.Dispose();

    async Task RunAsync(Func<CancellationToken, Task> part)
    {
        try
        {
            await part(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception fault)
        {
            onFault?.Invoke("background", fault);
        }
    }
}
