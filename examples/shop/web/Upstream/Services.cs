namespace Shop.Web.Upstream;

/// <summary>The three services behind the pages. A page waits longest for what it cannot do without.</summary>
sealed class Services(IServiceProvider services)
{
    readonly Service orders = Service.Connect("orders", "http://127.0.0.1:5102", TimeSpan.FromSeconds(4), services);
    readonly Service inventory = Service.Connect("inventory", "http://127.0.0.1:5103", TimeSpan.FromSeconds(1), services);
    readonly Service reviews = Service.Connect("reviews", "http://127.0.0.1:5104", TimeSpan.FromMilliseconds(500), services);

    /// <summary>Stock by product; empty when inventory does not answer, and the pages say that it is being counted.</summary>
    public async Task<Dictionary<string, StockLevel>> Stock() =>
        (await inventory.Get("api/stock", Json.Default.StockLevelArray)).Value?.ToDictionary(l => l.Sku) ?? [];

    /// <summary>Stars by product; empty when reviews do not answer, and the pages go without.</summary>
    public async Task<Dictionary<string, Rating>> Ratings() =>
        (await reviews.Get("api/ratings", Json.Default.RatingArray)).Value?.ToDictionary(r => r.Sku) ?? [];

    /// <summary>Null when reviews do not answer.</summary>
    public async Task<Review[]?> Reviews(string sku) => (await reviews.Get($"api/reviews/{sku}", Json.Default.ReviewArray)).Value;

    public Task<Answer<Order>> Order(string id) => orders.Get($"api/orders/{Uri.EscapeDataString(id)}", Json.Default.Order);

    public Task<Answer<Order[]>> LatestOrders() => orders.Get("api/orders?limit=20", Json.Default.OrderArray);

    public Task<Answer<Order>> Place(OrderDraft draft) => orders.Post("api/orders", draft, Json.Default.OrderDraft, Json.Default.Order);
}
