using Shop.Web.Upstream;

namespace Shop.Web.Pages;

static class OrderPages
{
    const int NotReached = 503, SecondsUntilRefresh = 2;

    /// <summary>Post/Redirect/Get: whatever the visitor reloads or goes back to, there is one order per form.</summary>
    public static async Task<IResult> Place(HttpContext context, IFormCollection form, Services services)
    {
        var visit = Visit.Of(context);
        var lines = Basket.Parse(form["lines"]);
        var customer = form["customer"].ToString().Trim();
        if (lines.Count == 0 || customer.Length is 0 or > 80 || form["id"] is not [{ Length: 27 } id])
            return Layout.Message(visit, visit.Words.Order, visit.Words.Invalid, 400, retry: "/basket");
        var draft = new OrderDraft(id, customer, [.. lines.Select(l => new OrderLine(l.Product.Sku, l.Quantity, l.Product.Cents))]);
        var answer = await services.Place(draft);
        if (answer.Value is { } order)
        {
            Basket.Clear(context);
            return Redirect.To($"/orders/{order.Id}");
        }
        return (int)answer.Status is >= 400 and < 500
            ? Layout.Message(visit, visit.Words.Order, visit.Words.Invalid, 400, retry: "/basket")
            : SendAgain(visit, draft, form["lines"].ToString());
    }

    public static async Task<IResult> Get(HttpContext context, string id, Services services)
    {
        var visit = Visit.Of(context);
        var answer = await services.Order(id);
        if (answer.Value is { } order)
            return Layout.Page(visit, $"{visit.Words.Order} {Short(order)}", Sheet(visit.Words, order), refresh: order.Status == "Pending" ? SecondsUntilRefresh : 0);
        return (int)answer.Status == 404 ? Layout.Message(visit, visit.Words.NotFound, visit.Words.NotFoundText, 404) : Away(visit);
    }

    public static async Task<IResult> List(HttpContext context, Services services)
    {
        var visit = Visit.Of(context);
        var answer = await services.LatestOrders();
        if (answer.Value is not { } orders)
            return Away(visit);
        if (orders.Length == 0)
            return Layout.Message(visit, visit.Words.Orders, visit.Words.NoOrders, 200);
        return Layout.Page(visit, visit.Words.Orders, $"""
            <section class="sheet"><h1>{visit.Words.Orders}</h1><ul class="orders">{orders.Select(o => Row(visit.Words, o))}</ul></section>
            """);
    }

    static Html Row(Words words, Order order) => $"""
        <li><a href="/orders/{order.Id}">
          <code>{Short(order)}</code><span class="who">{order.Customer}</span>{Status(words, order)}
          {Parts.Time(order.At)}<b class="money">{Visit.Money(order.Lines.Sum(l => (long)l.Quantity * l.Cents))}</b>
        </a></li>
        """;

    static Html Sheet(Words words, Order order) => $"""
        <section class="sheet">
          <h1>{words.Order} <code>{Short(order)}</code></h1>
          <p class="row">{Status(words, order)}<span>{order.Customer}</span>{Parts.Time(order.At)}</p>
          <p class="lead">{Explain(words, order)}</p>
          {Parts.Lines(words, [.. order.Lines.Select(l => (l.Sku, l.Quantity, l.Cents))], _ => Html.None)}
        </section>
        """;

    static Html Status(Words words, Order order) => order.Status switch
    {
        "Placed" => $"""<span class="status placed">{words.Placed}</span>""",
        "Refused" => $"""<span class="status refused">{words.Refused}</span>""",
        _ => $"""<span class="status pending">{words.Pending}</span>""",
    };

    static string Explain(Words words, Order order) => order.Status switch
    {
        "Placed" => words.PlacedText,
        "Refused" => words.RefusedText(Parts.Title(words, order.SoldOut ?? "")),
        _ => words.PendingText,
    };

    /// <summary>Orders did not answer: the same form again, with the same id, is safe whatever happened to the first.</summary>
    static IResult SendAgain(Visit visit, OrderDraft draft, string lines) => Layout.Page(visit, visit.Words.OrdersAway, $"""
        <section class="message">
          <h1>{visit.Words.OrdersAway}</h1><p>{visit.Words.OrdersAwayText}</p>
          <form method="post" action="/orders">
            <input type="hidden" name="id" value="{draft.Id}"><input type="hidden" name="lines" value="{lines}"><input type="hidden" name="customer" value="{draft.Customer}">
            <button>{visit.Words.TryAgain}</button>
          </form>
        </section>
        """, NotReached);

    static IResult Away(Visit visit) => Layout.Message(visit, visit.Words.OrdersAway, visit.Words.OrdersAwayText, NotReached, retry: visit.Address);

    static string Short(Order order) => order.Id[^16..^8];
}
