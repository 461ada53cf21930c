using Shop.Web.Upstream;

namespace Shop.Web.Pages;

static class ProductPage
{
    public static async Task<IResult> Get(HttpContext context, string sku, Services services)
    {
        var visit = Visit.Of(context);
        if (Catalogue.Find(sku) is not { } product)
            return Layout.Message(visit, visit.Words.NotFound, visit.Words.NotFoundText, 404);
        var (stock, reviews) = (services.Stock(), services.Reviews(sku));
        await Task.WhenAll(stock, reviews);
        var words = visit.Words;
        var name = product.In(words);
        var level = stock.Result.GetValueOrDefault(sku);
        return Layout.Page(visit, name.Title, $"""
            <article class="product">
              <div class="art"><img src="/art/{sku}.svg" alt="" width="320" height="320">{Parts.LimitedMark(words, level)}</div>
              <div class="about">
                <h1>{name.Title}</h1>
                <p class="lead">{name.Text}</p>
                <p class="row"><b class="price">{Visit.Money(product.Cents)}</b>{Parts.Stock(words, level)}</p>
                {AddForm(words, sku, level)}
              </div>
            </article>
            {ReviewList(words, reviews.Result)}
            """);
    }

    static Html AddForm(Words words, string sku, StockLevel? level) => level is { Available: <= 0 } ? Html.None : $"""
        <form class="add" method="post" action="/basket">
          <input type="hidden" name="sku" value="{sku}">
          <label>{words.Quantity} <input type="number" name="quantity" value="1" min="1" max="{Math.Min(level?.Available ?? 20, 20)}" required></label>
          <button>{words.Add}</button>
        </form>
        """;

    static Html ReviewList(Words words, Review[]? reviews)
    {
        if (reviews is null)
            return $"""<section class="reviews"><h2>{words.Reviews}</h2><p class="away" role="status">{words.ReviewsAway}</p></section>""";
        return $"""
            <section class="reviews">
              <h2>{words.Reviews} <small>{words.ReviewCount(reviews.Length)}</small></h2>
              <ul>{reviews.Select<Review, Html>(r => $"""
                <li>{Parts.Stars(words, r.Stars)}<p>{(words.Language == "zh" ? r.Zh : r.En)}</p><cite>{r.By}</cite></li>
                """)}</ul>
            </section>
            """;
    }
}
