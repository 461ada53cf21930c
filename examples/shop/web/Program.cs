using System.Diagnostics;
using Shop.Web;
using Shop.Web.Pages;
using Shop.Web.Upstream;

// Nothing here exports spans, so a caller's trace context travels on unchanged.
DistributedContextPropagator.Current = DistributedContextPropagator.CreatePassThroughPropagator();

var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.ConfigureKestrel(k => (k.AddServerHeader, k.Limits.MaxRequestBodySize) = (false, 16 * 1024));
if (builder.Configuration["ASPNETCORE_URLS"] is null && builder.Configuration["PORT"] is { } port)
    builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
builder.Logging.AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.UseUtcTimestamp) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ ", true));
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(8));
builder.Services.AddHttpContextAccessor();
builder.Services.AddSingleton<Services>();

var app = builder.Build();
app.Use((context, next) =>
{
    RequestId.Begin(context);
    ServedBy.Begin(context);
    var headers = context.Response.Headers;
    headers["X-Served-By"] = Identity.Name;
    headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.XContentTypeOptions = "nosniff";
    headers["Referrer-Policy"] = "same-origin";
    if (HttpMethods.IsPost(context.Request.Method) && context.Request.Headers["Sec-Fetch-Site"] is [{ } site] && site is "cross-site")
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }
    return next(context);
});

app.MapGet("/health", () => "ok");
app.MapGet("/style.css", (HttpContext context) => Assets.Get(context, "style.css"));
app.MapGet("/art/{file}", (HttpContext context, string file) => Assets.Get(context, file));
app.MapGet("/", (HttpContext context, Services services) => HomePage.Get(context, services));
app.MapGet("/products/{sku}", (HttpContext context, string sku, Services services) => ProductPage.Get(context, sku, services));
app.MapGet("/basket", (HttpContext context) => BasketPage.Get(context));
// The return types are written out: a bare `async context => …` would be taken for a request delegate, whose result nobody executes.
app.MapPost("/basket", async Task<IResult> (HttpContext context) => BasketPage.Add(context, await context.Request.ReadFormAsync()));
app.MapPost("/basket/remove", async Task<IResult> (HttpContext context) => BasketPage.Remove(context, await context.Request.ReadFormAsync()));
app.MapGet("/orders", (HttpContext context, Services services) => OrderPages.List(context, services));
app.MapGet("/orders/{id}", (HttpContext context, string id, Services services) => OrderPages.Get(context, id, services));
app.MapPost("/orders", async (HttpContext context, Services services) => await OrderPages.Place(context, await context.Request.ReadFormAsync(), services));
app.MapGet("/language", (HttpContext context, string? to, string? back) =>
{
    if (to is "en" or "zh")
        context.Response.Cookies.Append("lang", to, new() { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = TimeSpan.FromDays(365) });
    return Redirect.Back(back);
});
app.MapFallback((HttpContext context) => Layout.Message(Visit.Of(context), Words.For(context.Request).NotFound, Words.For(context.Request).NotFoundText, 404));

app.Run();
