using System.Text.Json.Serialization;

namespace Shop.Web.Upstream;

record StockLevel(string Sku, int Available, bool Limited);
record Rating(string Sku, int Count, double Stars);
record Review(string By, int Stars, string En, string Zh);
record OrderLine(string Sku, int Quantity, int Cents);
record OrderDraft(string Id, string Customer, OrderLine[] Lines);
record Order(string Id, string Customer, OrderLine[] Lines, DateTimeOffset At, string Status, string? SoldOut);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StockLevel[]))]
[JsonSerializable(typeof(Rating[]))]
[JsonSerializable(typeof(Review[]))]
[JsonSerializable(typeof(OrderDraft))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Order[]))]
partial class Json : JsonSerializerContext;
