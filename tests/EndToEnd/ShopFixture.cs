using System.Diagnostics;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>The example shop, built and brought up as its README says, on ports and folders of its own.</summary>
public sealed class ShopFixture : IAsyncLifetime
{
    internal Installation Mainstay { get; } = new();

    /// <summary>From the command to its end, builds included.</summary>
    internal TimeSpan FirstUp { get; private set; }

    public async ValueTask InitializeAsync()
    {
        var began = Stopwatch.GetTimestamp();
        await UpAsync();
        FirstUp = Stopwatch.GetElapsedTime(began);
    }

    public ValueTask DisposeAsync() => Mainstay.DisposeAsync();

    internal async Task UpAsync() => (await Mainstay.TryUpAsync(Repository.Shop, Overlay())).Code.ShouldBe(0, Mainstay.Logs());

    /// <summary>Starts <c>up --detach</c> without waiting for its end.</summary>
    internal Process StartUp() => Mainstay.Start("up", Repository.Shop, "-f", Overlay(), "--detach", "--no-open", "--listen", Mainstay.Api.OriginalString.TrimEnd('/'));

    string Overlay() => Mainstay.Write("overlay.yaml", $$"""
        services:
          orders: { env: { DATA_DIR: "{{Mainstay.Folder}}/shop/orders" } }
          inventory: { env: { DATA_DIR: "{{Mainstay.Folder}}/shop/inventory" } }
        gateway: { listen: "http://127.0.0.1:{{Mainstay.GatewayPort}}" }
        """);
}
