using System.Text.Json.Serialization;

namespace Shop.Orders;

/// <summary>One product, how many of it, and the price of one piece in cents at the time of the order.</summary>
record Line(string Sku, int Quantity, int Cents);

/// <summary>
/// What a customer sends. <c>Id</c> is made by the form, so sending the form twice is one order:
/// <c>yyyyMMddHH-</c> and 16 hexadecimal digits.
/// </summary>
record Draft(string? Id, string? Customer, Line[]? Lines);

/// <summary>An order as it is kept. <c>SoldOut</c> names the product that stood in the way of a refused one.</summary>
record Order(string Id, string Customer, Line[] Lines, DateTimeOffset At, Status Status, string? SoldOut = null)
{
    public bool SameAs(Order other) => Customer == other.Customer && Lines.SequenceEqual(other.Lines);
}

[JsonConverter(typeof(JsonStringEnumConverter<Status>))]
enum Status
{
    /// <summary>Kept safely; the goods are not confirmed yet.</summary>
    Pending,
    /// <summary>The goods are set aside.</summary>
    Placed,
    /// <summary>The goods were not there.</summary>
    Refused,
}

/// <summary>Inventory's request and answer, as far as they matter here.</summary>
record Reservation(ReservedLine[] Lines);
record ReservedLine(string Sku, int Quantity);
record ReserveAnswer(string? Outcome, string? Sku);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Draft))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Order[]))]
[JsonSerializable(typeof(Reservation))]
[JsonSerializable(typeof(ReserveAnswer))]
partial class Json : JsonSerializerContext;
