namespace Shop.Orders;

/// <summary>Where orders are kept, by one or several processes. What cannot be kept or read now is an <see cref="IOException"/>.</summary>
interface IOrders
{
    Task<Order?> Find(string id);

    /// <summary>Keeps a new order.</summary>
    /// <returns>The order that has this id now: this one, or the one that was first.</returns>
    Task<Order> Keep(Order order);

    /// <summary>Records an order's end and forgets that it was pending.</summary>
    /// <returns>The order's end: this one, or the one another process recorded first.</returns>
    Task<Order> Settle(Order order);

    /// <summary>Pending orders that no request is working on any more, oldest first.</summary>
    Task<IReadOnlyList<Order>> PendingFor(TimeSpan age, DateTimeOffset now);

    /// <summary>The latest orders, newest first.</summary>
    Task<Order[]> Latest(int count);
}
