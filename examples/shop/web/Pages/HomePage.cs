using Shop.Web.Upstream;

namespace Shop.Web.Pages;

static class HomePage
{
    public static async Task<IResult> Get(HttpContext context, Services services)
    {
        var visit = Visit.Of(context);
        var (stock, ratings) = (services.Stock(), services.Ratings());
        await Task.WhenAll(stock, ratings);
        var words = visit.Words;
        return Layout.Page(visit, words.Products, $"""
            <section class="hero"><h1>{words.Motto}</h1><p>{words.Intro}</p></section>
            <ul class="grid" aria-label="{words.Products}">{Catalogue.All.Select(p => Tile(words, p, stock.Result, ratings.Result))}</ul>
            """);
    }

    static Html Tile(Words words, Product product, Dictionary<string, StockLevel> stock, Dictionary<string, Rating> ratings)
    {
        var name = product.In(words);
        var level = stock.GetValueOrDefault(product.Sku);
        Html rating = ratings.GetValueOrDefault(product.Sku) is { } r ? Parts.Rating(words, r) : Html.None;
        return $"""
            <li class="tile">
              <a href="/products/{product.Sku}">
                <span class="art"><img src="/art/{product.Sku}.svg" alt="" width="120" height="120">{Parts.LimitedMark(words, level)}</span>
                <span class="name">{name.Title}</span>
                <span class="row"><b class="price">{Visit.Money(product.Cents)}</b>{rating}</span>
                {Parts.Stock(words, level)}
              </a>
            </li>
            """;
    }
}
