using System.Diagnostics;
using Shop.Inventory;

// Nothing here exports spans, so a caller's trace context travels on unchanged.
DistributedContextPropagator.Current = DistributedContextPropagator.CreatePassThroughPropagator();

var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = 64 * 1024);
if (builder.Configuration["ASPNETCORE_URLS"] is null && builder.Configuration["PORT"] is { } port)
    builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
builder.Logging.AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(8));
builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, Json.Default));

var folder = DataFolder.From(builder.Configuration["DATA_DIR"], "inventory");
builder.Services.AddSingleton(s => new Warehouse(folder, s.GetRequiredService<ILogger<Warehouse>>()));
builder.Services.AddHostedService(s => s.GetRequiredService<Warehouse>());

var app = builder.Build();
var servedBy = builder.Configuration["MAINSTAY_INSTANCE"] ?? $"inventory-{Environment.ProcessId}";
app.Use((context, next) =>
{
    context.Response.Headers["X-Served-By"] = servedBy;
    if (context.Request.Headers["X-Request-Id"] is [{ Length: <= 128 } id])
        context.Response.Headers["X-Request-Id"] = id;
    return next(context);
});

app.MapGet("/health", () => "ok");
app.MapGet("/api/stock", (Warehouse warehouse) => warehouse.Levels());
app.MapPut("/api/reservations/{order:length(8,64)}", async (string order, Reservation wanted, Warehouse warehouse) =>
{
    if (wanted.Lines is not { Length: >= 1 and <= 20 } lines || lines.Any(l => l is not { Sku.Length: >= 1 and <= 32, Quantity: >= 1 and <= 99 })
        || lines.DistinctBy(l => l.Sku).Count() != lines.Length)
        return Results.Problem("Between 1 and 20 different products, 1 to 99 pieces of each.", statusCode: 400);
    try
    {
        return await warehouse.Reserve(order, lines) is { } answer
            ? Results.Ok(answer)
            : Results.Problem("Too many reservations wait.", statusCode: 503);
    }
    catch (IOException e)
    {
        return Results.Problem(e.Message, statusCode: 503);
    }
});

try
{
    app.Services.GetRequiredService<Warehouse>();
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
{
    app.Logger.LogCritical("Cannot use the data folder {Folder} (DATA_DIR): {Why}", folder, e.Message);
    await app.DisposeAsync();
    return 1;
}
app.Logger.LogInformation("Stock in {Folder}", folder);
app.Run();
return 0;
