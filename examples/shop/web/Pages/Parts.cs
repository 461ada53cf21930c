using Shop.Web.Upstream;

namespace Shop.Web.Pages;

/// <summary>Small pieces that several pages show.</summary>
static class Parts
{
    const int FewLeft = 5;

    public static Html Stars(Words words, int stars)
    {
        var full = Math.Clamp(stars, 0, 5);
        return $"""<span class="stars" role="img" aria-label="{words.Stars($"{full}")}">{new string('★', full)}<i>{new string('★', 5 - full)}</i></span>""";
    }

    public static Html Rating(Words words, Rating rating)
    {
        var average = rating.Stars.ToString("0.0");
        return $"""<span class="stars" role="img" aria-label="{words.Stars(average)}">★ {average}</span>""";
    }

    public static Html Stock(Words words, StockLevel? level) => level switch
    {
        null => $"""<span class="stock unknown">{words.StockUnknown}</span>""",
        { Available: <= 0 } => $"""<span class="stock none">{words.SoldOut}</span>""",
        { Available: <= FewLeft } => $"""<span class="stock few">{words.OnlyLeft(level.Available)}</span>""",
        _ => $"""<span class="stock">{words.InStock(level.Available)}</span>""",
    };

    public static Html LimitedMark(Words words, StockLevel? level) =>
        level is { Limited: true } ? $"""<span class="mark">{words.Limited}</span>""" : Html.None;

    /// <summary>Lines of a basket or an order with their sum.</summary>
    public static Html Lines(Words words, IReadOnlyList<(string Sku, int Quantity, int Cents)> lines, Func<string, Html> action)
    {
        var total = lines.Sum(l => (long)l.Quantity * l.Cents);
        return $"""
            <table class="lines">
              <tbody>{lines.Select(l => Line(words, l, action(l.Sku)))}</tbody>
              <tfoot><tr><th colspan="3" scope="row">{words.Total}</th><td class="money">{Visit.Money(total)}</td></tr></tfoot>
            </table>
            """;
    }

    static Html Line(Words words, (string Sku, int Quantity, int Cents) line, Html action)
    {
        var title = Title(words, line.Sku);
        return $"""
            <tr>
              <td class="thumb"><img src="/art/{line.Sku}.svg" alt="" width="48" height="48"></td>
              <td><a href="/products/{line.Sku}">{title}</a>{action}</td>
              <td class="count">× {line.Quantity}</td>
              <td class="money">{Visit.Money((long)line.Quantity * line.Cents)}</td>
            </tr>
            """;
    }

    /// <summary>Universal time: the server does not know the visitor's zone.</summary>
    public static Html Time(DateTimeOffset at) =>
        $"""<time datetime="{at.ToString("O")}">{at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'")}</time>""";

    public static string Title(Words words, string sku) => Catalogue.Find(sku)?.In(words).Title ?? sku;
}
