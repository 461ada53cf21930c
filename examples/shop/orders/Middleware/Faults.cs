namespace Shop.Orders.Middleware;

/// <summary>
/// Faults of one instance, to see how they are found: <c>POST /faults/cpu|gc|slow?seconds=N</c>, at most 120 s each, ended by <c>DELETE /faults</c>.
/// Only with <c>FAULTS=on</c>.
/// </summary>
static class Faults
{
    static CancellationTokenSource running = new();
    static volatile int slowMs;

    public static void Use(WebApplication app)
    {
        var always = int.TryParse(app.Configuration["SLOW_MS"], out var ms) ? Math.Clamp(ms, 0, 10_000) : 0;
        app.Use(async (context, next) =>
        {
            if (slowMs + always is > 0 and var wait && context.Request.Path.StartsWithSegments("/api"))
                await Task.Delay(wait);
            await next(context);
        });
        app.MapPost("/faults/{kind}", (string kind, int? seconds) =>
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(running.Token);
            end.CancelAfter(TimeSpan.FromSeconds(Math.Clamp(seconds ?? 30, 1, 120)));
            switch (kind)
            {
                case "cpu":
                    for (var i = 0; i < Environment.ProcessorCount * 8; i++)
                        new Thread(() => Burn(end.Token)) { IsBackground = true }.Start();
                    break;
                case "gc":
                    new Thread(() => Litter(end.Token)) { IsBackground = true }.Start();
                    break;
                case "slow":
                    slowMs = 150;
                    end.Token.Register(() => slowMs = 0);
                    break;
                default:
                    return Results.Problem("There are cpu, gc and slow.", statusCode: 404);
            }

            return Results.Ok();
        });
        app.MapDelete("/faults", () =>
        {
            Interlocked.Exchange(ref running, new()).Cancel();
            return Results.NoContent();
        });
    }

    static void Burn(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
        }
    }

    // Millions of small objects that live on, and collections that have to walk all of them.
    static void Litter(CancellationToken end)
    {
        var alive = new object[1_000_000];
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            alive[i % alive.Length] = new object[] { new byte[8], new byte[8] };
            if (i > alive.Length && i % 20_000 == 0)
                GC.Collect(2, GCCollectionMode.Forced, blocking: true);
        }
    }
}
