using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>The shop that all faults are tried on; started by the first of them.</summary>
public sealed class DrillFixture : IAsyncLifetime
{
    Drill? drill;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (drill is not null)
        {
            await drill.DisposeAsync();
        }
    }

    internal async Task<Drill> StartedAsync()
    {
        if (drill is null)
        {
            drill = new();
            await drill.StartAsync();
        }

        return drill;
    }
}
