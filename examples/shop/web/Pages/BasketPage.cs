using System.Security.Cryptography;

namespace Shop.Web.Pages;

static class BasketPage
{
    public static IResult Get(HttpContext context)
    {
        var visit = Visit.Of(context);
        var words = visit.Words;
        var lines = Basket.Read(context.Request);
        if (lines.Count == 0)
            return Layout.Message(visit, words.Basket, words.Empty, 200);
        return Layout.Page(visit, words.Basket, $"""
            <section class="sheet">
              <h1>{words.Basket}</h1>
              {Parts.Lines(words, [.. lines.Select(l => (l.Product.Sku, l.Quantity, l.Product.Cents))], sku => Remove(words, sku))}
              <form class="place" method="post" action="/orders">
                <input type="hidden" name="id" value="{NewOrderId()}">
                <input type="hidden" name="lines" value="{Basket.Write(lines)}">
                <label>{words.YourName} <input name="customer" maxlength="80" required autocomplete="name"></label>
                <button>{words.Place}</button>
              </form>
            </section>
            """);
    }

    public static IResult Add(HttpContext context, IFormCollection form)
    {
        if (Catalogue.Find(form["sku"]) is { } product && int.TryParse(form["quantity"], out var quantity) && quantity is >= 1 and <= Basket.MostPieces)
            Basket.Change(context, product, had => had + quantity);
        return Redirect.To("/basket");
    }

    public static IResult Remove(HttpContext context, IFormCollection form)
    {
        if (Catalogue.Find(form["sku"]) is { } product)
            Basket.Change(context, product, _ => 0);
        return Redirect.To("/basket");
    }

    static Html Remove(Words words, string sku) => $"""
        <form method="post" action="/basket/remove"><input type="hidden" name="sku" value="{sku}"><button class="quiet" aria-label="{words.Remove}: {Parts.Title(words, sku)}">{words.Remove}</button></form>
        """;

    /// <summary>Made with the form, so that sending the form twice places one order.</summary>
    static string NewOrderId() => $"{DateTime.UtcNow:yyyyMMddHH}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
}
