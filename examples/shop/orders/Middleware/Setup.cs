using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Shop.Orders.Middleware;

/// <summary>Puts PostgreSQL, RabbitMQ and OpenTelemetry in.</summary>
static class Setup
{
    /// <summary>Gives where orders are kept, for people.</summary>
    public static string Add(WebApplicationBuilder builder)
    {
        // Where spans go, what this service and instance are called: all of it is read from OTEL_* by the package.
        builder.Services.AddSingleton(Sdk.CreateTracerProviderBuilder()
            .AddSource("Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "RabbitMQ.Client.Publisher")
            .AddOtlpExporter()
            .Build());

        var database = builder.Configuration["DB"] ?? "Host=127.0.0.1;Port=5432;Username=postgres;Database=shop";
        builder.Services.AddSingleton(NpgsqlDataSource.Create(database));
        builder.Services.AddSingleton<IOrders>(s => new OrderTable(s.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddSingleton<OrderEvents>();
        builder.Services.AddSingleton<IEvents>(s => s.GetRequiredService<OrderEvents>());
        var at = new NpgsqlConnectionStringBuilder(database);
        return $"PostgreSQL at {at.Host}:{at.Port}";
    }

    public static void Use(WebApplication app)
    {
        // Made here, so that spans are sent from the first request on and the last are sent at the end.
        var traces = app.Services.GetRequiredService<TracerProvider>();
        app.Lifetime.ApplicationStopped.Register(() => traces.Shutdown(2000));
        if (app.Configuration["FAULTS"] == "on")
            Faults.Use(app);
    }
}
