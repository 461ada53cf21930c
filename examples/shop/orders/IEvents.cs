namespace Shop.Orders;

/// <summary>Tells others of orders that have come to their end.</summary>
interface IEvents
{
    /// <summary>Never fails: the order is kept, and whoever wants to know can ask for it.</summary>
    Task Tell(Order order);
}

/// <summary>Nobody wants to know.</summary>
sealed class NoEvents : IEvents
{
    public Task Tell(Order order) => Task.CompletedTask;
}
