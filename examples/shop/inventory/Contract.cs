using System.Text.Json.Serialization;

namespace Shop.Inventory;

/// <summary>One product of an order and how many of it.</summary>
record Line(string Sku, int Quantity);

/// <summary>What an order wants set aside. The order's id makes a repeated request harmless.</summary>
record Reservation(Line[]? Lines);

/// <summary>How many pieces can still be ordered; <c>Limited</c> products are never delivered again.</summary>
record StockLevel(string Sku, int Available, bool Limited);

/// <summary>The answer to a reservation; <c>Sku</c> names the product that stood in the way, if one did.</summary>
record ReserveAnswer(string Order, Outcome Outcome, string? Sku = null);

[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
enum Outcome
{
    /// <summary>The goods are set aside, now or by an earlier request of the same order.</summary>
    Reserved,
    /// <summary>Not enough pieces are left; nothing was set aside.</summary>
    SoldOut,
    /// <summary>No such product; nothing was set aside.</summary>
    Unknown,
    /// <summary>The order's id was used before with other contents.</summary>
    Conflict,
}

/// <summary>A line of the journal: goods came in, or goods were set aside for an order.</summary>
record Entry(DateTimeOffset At, Line[] Lines, string? Order = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Reservation))]
[JsonSerializable(typeof(StockLevel[]))]
[JsonSerializable(typeof(ReserveAnswer))]
[JsonSerializable(typeof(Entry))]
partial class Json : JsonSerializerContext;
