using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Mainstay.EndToEnd.Harness;

/// <summary>A headless chromium with one page; everything that goes wrong in the page is kept. Without chromium the test is skipped.</summary>
sealed class Browser : IAsyncDisposable
{
    const string Executable = "/usr/bin/chromium";
    static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    readonly IPlaywright playwright;
    readonly IBrowser browser;

    Browser(IPlaywright playwright, IBrowser browser, IPage page)
    {
        (this.playwright, this.browser, Page) = (playwright, browser, page);
        page.SetDefaultTimeout(20_000);
        page.PageError += (_, error) => Errors.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                Errors.Enqueue(message.Text);
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Exceptions of the page, and what it wrote to the console as errors.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    public static async Task<Browser> OpenAsync(int width = 1280, int height = 800)
    {
        Assert.SkipUnless(File.Exists(Executable), $"{Executable} is missing");
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Args = Arguments });
        return new(playwright, browser, await browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height }, Locale = "en-US" }));
    }

    public async ValueTask DisposeAsync()
    {
        await browser.CloseAsync();
        playwright.Dispose();
    }
}
