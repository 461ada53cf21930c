using System.Diagnostics;
using System.Net;
using Mainstay.EndToEnd.Harness;
using static Microsoft.Playwright.Assertions;

namespace Mainstay.EndToEnd;

/// <summary>The example shop, as a visitor and its keeper see it.</summary>
public sealed class ShopTests(ShopFixture fixture, ITestOutputHelper output) : IClassFixture<ShopFixture>
{
    static readonly string[] Services = ["inventory", "orders", "reviews", "web"];
    static readonly TimeSpan Allowance = TimeSpan.FromSeconds(1);

    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task It_starts_in_the_order_of_its_needs()
    {
        output.WriteLine($"up with builds took {fixture.FirstUp.TotalSeconds:0.0} s");
        var status = await Mainstay.ConvergedAsync();

        status.Services.Select(s => s.Name).ShouldBe(Services);
        status.Services.ShouldAllBe(s => s.Ready == 2);
        DateTimeOffset Started(string service) => status[service].Instances.Min(i => i.StartedAt!.Value);
        Started("inventory").ShouldBeLessThan(Started("orders"));
        Started("orders").ShouldBeLessThan(Started("web"));
    }

    [Fact]
    public async Task A_visitor_orders_something()
    {
        await Mainstay.ConvergedAsync();
        await using var browser = await Browser.OpenAsync();
        var page = browser.Page;

        await page.GotoAsync(Mainstay.Gateway.ToString());
        await Expect(page.Locator("li.tile")).ToHaveCountAsync(8);
        await page.Locator("a[href='/products/mug']").ClickAsync();
        await Expect(page.Locator("section.reviews li").First).ToBeVisibleAsync();
        await page.Locator("form.add button").ClickAsync();
        await page.Locator("input[name=customer]").FillAsync("Ada");
        await page.Locator("form.place button").ClickAsync();

        await Expect(page.Locator(".status.placed")).ToBeVisibleAsync();
        await Expect(page.Locator("footer code").First).ToContainTextAsync("-");
        await page.GotoAsync(new Uri(Mainstay.Gateway, "/orders").ToString());
        await Expect(page.Locator("ul.orders")).ToContainTextAsync("Ada");
        browser.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_reviews_everything_else_works()
    {
        await Mainstay.ConvergedAsync();
        (await Mainstay.RunAsync("apply", Repository.Shop, "-f", Path.Combine(Mainstay.Folder, "overlay.yaml"), "-f", Mainstay.Write("none.yaml", "services: { reviews: { instances: 0 } }"), "--wait")).ShouldBe(0);

        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(Mainstay.Gateway, "/products/mug"))).ShouldContain("class=\"away\"");

        (await Mainstay.RunAsync("apply", Repository.Shop, "-f", Path.Combine(Mainstay.Folder, "overlay.yaml"), "--wait")).ShouldBe(0);
        await Mainstay.ConvergedAsync();
        (await http.GetStringAsync(new Uri(Mainstay.Gateway, "/products/mug"))).ShouldNotContain("class=\"away\"");
    }

    [Fact]
    public async Task Everything_built_up_answers_within_the_slowest_start_and_a_second()
    {
        await Mainstay.ConvergedAsync();
        await Mainstay.DownAsync();
        // What a service takes by itself on this machine as busy as it is now; the lesser of two tries, as for the whole.
        var slowest = (await Task.WhenAll(from service in new[] { "web", "orders", "inventory" } select OwnStartAsync(service))).Max();

        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 2; round++)
        {
            var began = Stopwatch.GetTimestamp();
            using var up = fixture.StartUp();
            using var http = new HttpClient();
            await Eventually.IsAsync(() => AnswersAsync(http, Mainstay.Gateway), TimeSpan.FromSeconds(60), () => Mainstay.Logs());
            var first = Stopwatch.GetElapsedTime(began);
            output.WriteLine($"first 200 after {first.TotalMilliseconds:0} ms; slowest service alone {slowest.TotalMilliseconds:0} ms");
            best = first < best ? first : best;
            await up.WaitForExitAsync();
            up.ExitCode.ShouldBe(0);
            if (round == 0)
            {
                await Mainstay.DownAsync();
            }
        }

        best.ShouldBeLessThan(slowest + Allowance);
    }

    async Task<TimeSpan> OwnStartAsync(string service)
    {
        var port = Ports.Free(1)[0];
        var build = Directory.EnumerateDirectories(Path.Combine(Mainstay.Data, "builds", service)).First();
        var start = new ProcessStartInfo("dotnet", [Directory.EnumerateFiles(build, "*.dll").First(f => Path.GetFileNameWithoutExtension(f).Equals(service, StringComparison.OrdinalIgnoreCase))])
        {
            WorkingDirectory = build,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PORT"] = $"{port}",
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
                ["DATA_DIR"] = Path.Combine(Mainstay.Folder, "alone", service),
            },
        };
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        try
        {
            using var http = new HttpClient();
            await Eventually.IsAsync(() => AnswersAsync(http, new Uri($"http://127.0.0.1:{port}/health")), TimeSpan.FromSeconds(60));
            return Stopwatch.GetElapsedTime(began);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    static async Task<bool> AnswersAsync(HttpClient http, Uri address)
    {
        try
        {
            using var answer = await http.GetAsync(address);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
