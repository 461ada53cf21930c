namespace Shop.Inventory;

/// <summary>The warehouse as the journal tells it. Decides without touching the world: entries in, entries out.</summary>
sealed class Stock
{
    /// <summary>What the supplier keeps on the shelf; 0 means a limited edition that is delivered once.</summary>
    record Supply(int First, int RefillTo);

    static readonly Dictionary<string, Supply> Supplies = new()
    {
        ["bell"] = new(First: 5, RefillTo: 0),
        ["cap"] = new(60, 60),
        ["compass"] = new(24, 24),
        ["lantern"] = new(40, 40),
        ["logbook"] = new(90, 90),
        ["mug"] = new(120, 120),
        ["rope"] = new(200, 200),
        ["tea"] = new(150, 150),
    };

    readonly SortedDictionary<string, int> available = new(StringComparer.Ordinal);
    readonly Dictionary<string, Line[]> reserved = [];

    /// <summary>The first delivery, written once into an empty journal.</summary>
    public static Entry FirstDelivery(DateTimeOffset now) => new(now, [.. Supplies.Select(s => new Line(s.Key, s.Value.First))]);

    public StockLevel[] Levels() => [.. available.Select(a => new StockLevel(a.Key, a.Value, Supplies.GetValueOrDefault(a.Key)?.RefillTo == 0))];

    public void Apply(Entry entry)
    {
        var sign = entry.Order is null ? +1 : -1;
        foreach (var line in entry.Lines)
            available[line.Sku] = available.GetValueOrDefault(line.Sku) + sign * line.Quantity;
        if (entry.Order is not null)
            reserved[entry.Order] = entry.Lines;
    }

    /// <summary>What to answer an order, and the entries that make the answer true. Nothing changes before they are applied.</summary>
    public (ReserveAnswer Answer, Entry[] Entries) Reserve(string order, Line[] lines, DateTimeOffset now)
    {
        if (reserved.TryGetValue(order, out var before))
            return (new(order, before.SequenceEqual(lines) ? Outcome.Reserved : Outcome.Conflict), []);
        foreach (var line in lines)
        {
            if (!available.TryGetValue(line.Sku, out var left))
                return (new(order, Outcome.Unknown, line.Sku), []);
            if (left < line.Quantity)
                return (new(order, Outcome.SoldOut, line.Sku), []);
        }
        var refills = lines.Select(Refill).OfType<Line>().ToArray();
        var taken = new Entry(now, lines, order);
        return (new(order, Outcome.Reserved), refills.Length == 0 ? [taken] : [taken, new(now, refills)]);
    }

    /// <summary>A delivery follows at once when an order leaves less than a quarter on the shelf.</summary>
    Line? Refill(Line taken)
    {
        var target = Supplies.GetValueOrDefault(taken.Sku)?.RefillTo ?? 0;
        var left = available[taken.Sku] - taken.Quantity;
        return left * 4 < target ? new(taken.Sku, target - left) : null;
    }
}
