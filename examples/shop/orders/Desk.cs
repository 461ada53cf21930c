using System.Text.RegularExpressions;

namespace Shop.Orders;

/// <summary>
/// Takes orders. An order is kept before inventory is asked, so it is never lost: when inventory does not answer in time, the customer gets a
/// pending order and the background work finishes it.
/// </summary>
sealed partial class Desk(IOrders orders, InventoryClient inventory, IEvents events, ILogger<Desk> log) : BackgroundService
{
    /// <summary>Longer than a request may work on its order, so that request and background work never decide the same order at once.</summary>
    static readonly TimeSpan Abandoned = InventoryClient.Timeout * 2;

    /// <summary>Places an order; the same draft again gives the same order.</summary>
    /// <returns>The order and whether it is this draft's; false when its id belongs to another order.</returns>
    public async Task<(Order Order, bool Same, bool New)> Place(Order draft)
    {
        var known = await orders.Find(draft.Id);
        var kept = known ?? await orders.Keep(draft);
        if (!kept.SameAs(draft))
            return (kept, Same: false, New: false);
        if (kept.Status != Status.Pending)
            return (kept, Same: true, New: false);
        return (await Finish(kept), Same: true, New: known is null);
    }

    /// <summary>What is wrong with a draft, or null.</summary>
    public static string? Flaw(Draft draft) => draft switch
    {
        _ when draft.Id is null || !IsId(draft.Id) => "The id is yyyyMMddHH, a dash and 16 hexadecimal digits.",
        not { Customer.Length: >= 1 and <= 80 } => "A name of 1 to 80 characters is needed.",
        not { Lines.Length: >= 1 and <= 20 } => "Between 1 and 20 products.",
        _ when draft.Lines!.Any(l => l is not { Sku.Length: >= 1 and <= 32, Quantity: >= 1 and <= 99, Cents: >= 0 and <= 1_000_000 }) => "1 to 99 pieces of each product.",
        _ when draft.Lines.DistinctBy(l => l.Sku).Count() != draft.Lines.Length => "Each product once.",
        _ => null,
    };

    public static bool IsId(string id) => IdForm().IsMatch(id);

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(2));
        do
            await FinishAbandoned(stop);
        while (await tick.WaitForNextTickAsync(stop));
    }

    async Task FinishAbandoned(CancellationToken stop)
    {
        try
        {
            foreach (var order in await orders.PendingFor(Abandoned, DateTimeOffset.UtcNow))
                if (stop.IsCancellationRequested || (await Finish(order)).Status == Status.Pending)
                    return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError("Pending orders wait: {Why}", e.Message);
        }
    }

    async Task<Order> Finish(Order order)
    {
        var end = await inventory.Reserve(order);
        if (end.Status == Status.Pending)
        {
            log.LogWarning("Order {Id} waits: inventory does not answer", order.Id);
            return end;
        }
        var settled = await orders.Settle(end);
        await events.Tell(settled);
        log.LogInformation("Order {Id} is {Status}", settled.Id, settled.Status);
        return settled;
    }

    [GeneratedRegex(@"^\d{10}-[0-9a-f]{16}\z")]
    private static partial Regex IdForm();
}
