namespace Shop.Web.Pages;

/// <summary>What every page needs to know about the request it answers.</summary>
sealed record Visit(HttpContext Context, Words Words)
{
    public static Visit Of(HttpContext context) => new(context, Words.For(context.Request));

    public int BasketCount => Basket.Read(Context.Request).Sum(l => l.Quantity);

    public string Address => Context.Request.Path + Context.Request.QueryString.ToString();

    public IEnumerable<string> ServedBy => Upstream.ServedBy.Of(Context);

    public static string Money(long cents) => $"€{cents / 100}.{cents % 100:00}";
}
