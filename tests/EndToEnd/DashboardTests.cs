using Mainstay.EndToEnd.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mainstay.EndToEnd;

/// <summary>The dashboard of a running system, in a real browser.</summary>
public sealed class DashboardTests(EchoFixture fixture) : IClassFixture<EchoFixture>
{
    Installation Mainstay => fixture.Mainstay;

    [Fact]
    public async Task The_map_is_the_home_page_and_leads_to_a_service()
    {
        await Mainstay.ConvergedAsync();
        await using var load = Load.Get(Mainstay.Gateway, "/chain", perSecond: 40);
        await using var browser = await Browser.OpenAsync();
        var page = browser.Page;

        await page.GotoAsync(Mainstay.Api.ToString());
        foreach (var id in new[] { "gateway", "front", "back" })
        {
            await Expect(page.Locator($"[data-testid=map] .card[data-id={id}]")).ToBeVisibleAsync();
        }

        await Expect(page.Locator("[data-testid=map] .card[data-id=front]")).ToContainTextAsync("2/2");
        await page.Locator("[data-testid=map] .card[data-id=back]").ClickAsync();
        await page.Locator("[data-testid=inspector] a.button.primary").ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("back");
        await Expect(page.Locator("[data-testid=logs]")).ToContainTextAsync("listening on");
        foreach (var instance in (await Mainstay.StatusAsync())["back"].Instances)
        {
            await Expect(page.GetByRole(AriaRole.Rowheader, new() { Name = instance.Id })).ToBeVisibleAsync();
        }

        browser.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_changes_shows_without_a_reload_and_survives_a_restart_of_the_server()
    {
        await Mainstay.ConvergedAsync();
        await using var browser = await Browser.OpenAsync();
        var page = browser.Page;
        await page.GotoAsync(Mainstay.Api.ToString());
        var card = page.Locator("[data-testid=map] .card[data-id=front]");
        await Expect(card).ToContainTextAsync("2/2");

        (await Mainstay.RunAsync("scale", "front", "3")).ShouldBe(0);
        await Expect(card).ToContainTextAsync("3/3");

        var server = Mainstay.KillRole("server");
        await Mainstay.RoleReplacedAsync("server", server);
        await Mainstay.ConvergedAsync();
        (await Mainstay.RunAsync("scale", "front", "2")).ShouldBe(0);
        await Expect(card).ToContainTextAsync("2/2");
    }

    [Fact]
    public async Task The_history_shows_versions_and_what_changed()
    {
        await Mainstay.ConvergedAsync();
        await Mainstay.ApplyAsync(fixture.Manifest(front => front with { Env = new Dictionary<string, string> { ["MARK"] = "seen-in-history" } }), "for the history");
        await using var browser = await Browser.OpenAsync(width: 360, height: 740);
        var page = browser.Page;

        await page.GotoAsync(new Uri(Mainstay.Api, "/history").ToString());

        await Expect(page.GetByRole(AriaRole.List, new() { Name = "Versions of the architecture" })).ToContainTextAsync("for the history");
        await Expect(page.GetByTestId("diff")).ToContainTextAsync("seen-in-history");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue();
        browser.Errors.ShouldBeEmpty();
    }
}
