using System.Text.Json;

namespace Shop.Orders;

/// <summary>
/// Orders as files that several processes may share: <c>pending/ID.json</c> until the goods are confirmed, then <c>settled/HOUR/ID.json</c>.
/// A file appears whole or not at all, is on the disk before its name is, and is never rewritten; so no lock is needed.
/// </summary>
sealed class OrderFolder
{
    const int HoursListed = 24 * 14;

    readonly string pending, settled, unfinished;

    public OrderFolder(string folder)
    {
        pending = Directory.CreateDirectory(Path.Combine(folder, "pending")).FullName;
        settled = Directory.CreateDirectory(Path.Combine(folder, "settled")).FullName;
        unfinished = Directory.CreateDirectory(Path.Combine(folder, "unfinished")).FullName;
        Disk.FlushFolder(folder);
    }

    public Order? Find(string id) => Read(SettledPath(id)) ?? Read(PendingPath(id)) ?? Read(SettledPath(id));

    /// <summary>Keeps a new order.</summary>
    /// <returns>The order that has this id now: this one, or the one that was first.</returns>
    /// <exception cref="IOException">The disk is full or failing; nothing was kept.</exception>
    public Order Keep(Order order) => Create(PendingPath(order.Id), order);

    /// <summary>Records an order's end and forgets that it was pending.</summary>
    /// <returns>The order's end: this one, or the one another process recorded first.</returns>
    public Order Settle(Order order)
    {
        var path = SettledPath(order.Id);
        var hour = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(hour))
        {
            Directory.CreateDirectory(hour);
            Disk.FlushFolder(settled);
        }
        var kept = Create(path, order);
        File.Delete(PendingPath(order.Id));
        return kept;
    }

    /// <summary>Pending orders that no request is working on any more, oldest first.</summary>
    public IEnumerable<Order> PendingFor(TimeSpan age, DateTimeOffset now) =>
        new DirectoryInfo(pending).EnumerateFiles("*.json")
            .Where(f => now - f.LastWriteTimeUtc >= age)
            .OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => Read(f.FullName)).OfType<Order>();

    /// <summary>The latest orders, newest first.</summary>
    public Order[] Latest(int count)
    {
        var hours = Directory.GetDirectories(settled).OrderDescending(StringComparer.Ordinal).Take(HoursListed);
        var found = hours.SelectMany(h => new DirectoryInfo(h).EnumerateFiles("*.json").OrderByDescending(f => f.LastWriteTimeUtc).Take(count)).Take(count);
        return [.. found.Select(f => Read(f.FullName)).Concat(PendingFor(TimeSpan.Zero, DateTimeOffset.UtcNow)).OfType<Order>()
            .DistinctBy(o => o.Id).OrderByDescending(o => o.At).Take(count)];
    }

    Order Create(string path, Order order)
    {
        var temporary = Path.Combine(unfinished, $"{order.Id}.{Environment.ProcessId}.{Path.GetRandomFileName()}");
        using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, JsonSerializer.SerializeToUtf8Bytes(order, Json.Default.Order), 0);
            RandomAccess.FlushToDisk(file);
        }
        var created = Disk.MoveIfFree(temporary, path);
        Disk.FlushFolder(Path.GetDirectoryName(path)!);
        return created ? order : Read(path) ?? Find(order.Id) ?? throw new IOException($"Order {order.Id} vanished while it was kept.");
    }

    static Order? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), Json.Default.Order);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    string PendingPath(string id) => Path.Combine(pending, $"{id}.json");

    string SettledPath(string id) => Path.Combine(settled, id[..10], $"{id}.json");
}
