namespace Shop.Web;

/// <summary>The visitor's basket, kept in a cookie (<c>mug:2.tea:1</c>): no instance of the shop has to remember anyone.</summary>
static class Basket
{
    public const int MostPieces = 99;
    const string Cookie = "basket";

    public static IReadOnlyList<(Product Product, int Quantity)> Read(HttpRequest request) => Parse(request.Cookies[Cookie]);

    /// <summary>Unknown products and impossible quantities are left out: the cookie is the visitor's to change.</summary>
    public static IReadOnlyList<(Product Product, int Quantity)> Parse(string? text) =>
        [.. (text ?? "").Split('.', 21, StringSplitOptions.RemoveEmptyEntries).Take(20)
            .Select(part => part.Split(':', 2))
            .Where(part => part.Length == 2 && Catalogue.Find(part[0]) is not null)
            .Select(part => (Product: Catalogue.Find(part[0])!, Quantity: int.TryParse(part[1], out var n) ? n : 0))
            .Where(line => line.Quantity is >= 1 and <= MostPieces)
            .DistinctBy(line => line.Product.Sku)];

    public static string Write(IEnumerable<(Product Product, int Quantity)> lines) =>
        string.Join('.', lines.Select(l => $"{l.Product.Sku}:{l.Quantity}"));

    public static void Change(HttpContext context, Product product, Func<int, int> quantity)
    {
        var lines = Read(context.Request).ToList();
        var at = lines.FindIndex(l => l.Product == product);
        var wanted = Math.Min(quantity(at < 0 ? 0 : lines[at].Quantity), MostPieces);
        if (at >= 0)
            lines.RemoveAt(at);
        if (wanted > 0)
            lines.Insert(at < 0 ? lines.Count : at, (product, wanted));
        Save(context, Write(lines));
    }

    public static void Clear(HttpContext context) => Save(context, "");

    static void Save(HttpContext context, string value) =>
        context.Response.Cookies.Append(Cookie, value, new() { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = TimeSpan.FromDays(30) });
}
