namespace Shop.Web.Pages;

/// <summary>The frame around every page.</summary>
static class Layout
{
    /// <param name="refresh">Seconds until the browser asks again; 0 for never.</param>
    public static IResult Page(Visit visit, string title, Html body, int status = 200, int refresh = 0)
    {
        var words = visit.Words;
        var count = visit.BasketCount;
        Html reload = refresh > 0 ? $"""<meta http-equiv="refresh" content="{refresh}">""" : Html.None;
        Html badge = count > 0 ? $"""<span class="badge">{count}</span>""" : Html.None;
        Html page = $"""
            <!doctype html>
            <html lang="{words.Language}">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="color-scheme" content="light dark">{reload}
              <title>{title} · {words.Shop}</title>
              <link rel="icon" href="/art/icon.svg" type="image/svg+xml">
              <link rel="stylesheet" href="{Assets.StyleAddress}">
            </head>
            <body>
              <a class="skip" href="#content">{words.SkipToContent}</a>
              <header>
                <a class="brand" href="/"><img src="/art/icon.svg" alt="" width="32" height="32">{words.Shop}</a>
                <nav>
                  <a href="/orders">{words.Orders}</a>
                  <a href="/basket">{words.Basket}{badge}</a>
                  <a href="/language?to={(words.Language == "zh" ? "en" : "zh")}&amp;back={Uri.EscapeDataString(visit.Address)}" lang="{(words.Language == "zh" ? "en" : "zh")}">{words.Other}</a>
                </nav>
              </header>
              <main id="content">{body}</main>
              <footer><span>{words.ServedBy}</span> {visit.ServedBy.Append(Identity.Name).Select<string, Html>(i => $"<code>{i}</code> ")}</footer>
            </body>
            </html>
            """;
        return Results.Content(page.ToString(), "text/html; charset=utf-8", statusCode: status);
    }

    public static IResult Message(Visit visit, string title, string text, int status, string? retry = null)
    {
        Html link = retry is null
            ? (Html)$"""<a class="button" href="/">{visit.Words.ToProducts}</a>"""
            : $"""<a class="button" href="{retry}">{visit.Words.TryAgain}</a>""";
        return Page(visit, title, $"""<section class="message"><h1>{title}</h1><p>{text}</p>{link}</section>""", status);
    }
}
