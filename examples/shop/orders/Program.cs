using System.Diagnostics;
using Shop.Orders;

var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = 64 * 1024);
if (builder.Configuration["ASPNETCORE_URLS"] is null && builder.Configuration["PORT"] is { } port)
    builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
builder.Logging.AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(8));
builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, Json.Default));

#if MIDDLEWARE
var place = Shop.Orders.Middleware.Setup.Add(builder);
#else
// Nothing here exports spans, so a caller's trace context travels on unchanged.
DistributedContextPropagator.Current = DistributedContextPropagator.CreatePassThroughPropagator();
var place = DataFolder.From(builder.Configuration["DATA_DIR"], "orders");
builder.Services.AddSingleton<IOrders>(_ => new OrderFolder(place));
builder.Services.AddSingleton<IEvents, NoEvents>();
#endif
builder.Services.AddHttpContextAccessor();
builder.Services.AddSingleton(s => new InventoryClient(InventoryClient.Connect(builder.Configuration, s.GetRequiredService<IHttpContextAccessor>())));
builder.Services.AddSingleton<Desk>();
builder.Services.AddHostedService(s => s.GetRequiredService<Desk>());

var app = builder.Build();
var servedBy = builder.Configuration["MAINSTAY_INSTANCE"] ?? $"orders-{Environment.ProcessId}";
app.Use((context, next) =>
{
    context.Response.Headers["X-Served-By"] = servedBy;
    if (context.Request.Headers["X-Request-Id"] is [{ Length: <= 128 } id])
        context.Response.Headers["X-Request-Id"] = id;
    return next(context);
});

app.MapGet("/health", () => "ok");
#if MIDDLEWARE
Shop.Orders.Middleware.Setup.Use(app);
#endif
app.MapGet("/api/orders", (IOrders orders, int? limit) => orders.Latest(Math.Clamp(limit ?? 20, 1, 100)));
app.MapGet("/api/orders/{id}", async (IOrders orders, string id) =>
    Desk.IsId(id) && await orders.Find(id) is { } order ? Results.Ok(order) : Results.Problem("No such order.", statusCode: 404));
app.MapPost("/api/orders", async (Draft draft, Desk desk) =>
{
    if (Desk.Flaw(draft) is { } flaw)
        return Results.Problem(flaw, statusCode: 400);
    try
    {
        var wanted = new Order(draft.Id!, draft.Customer!, draft.Lines!, DateTimeOffset.UtcNow, Status.Pending);
        var (order, same, isNew) = await desk.Place(wanted);
        return (same, order.Status, isNew) switch
        {
            (false, _, _) => Results.Problem("This id belongs to another order.", statusCode: 422),
            (_, Status.Pending, _) => Results.Accepted($"/api/orders/{order.Id}", order),
            (_, _, true) => Results.Created($"/api/orders/{order.Id}", order),
            _ => Results.Ok(order),
        };
    }
    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
    {
        app.Logger.LogError("Order {Id} was not kept: {Why}", draft.Id, e.Message);
        return Results.Problem("The order could not be kept; try again.", statusCode: 503);
    }
});

try
{
    app.Services.GetRequiredService<IOrders>();
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    app.Logger.LogCritical("Cannot keep orders in {Place}: {Why}", place, e.Message);
    await app.DisposeAsync();
    return 1;
}
app.Logger.LogInformation("Orders in {Place}", place);
app.Run();
return 0;
