using System.Text.Json;

namespace Shop.Orders;

/// <summary>
/// Orders as files that several processes may share: <c>pending/ID.json</c> until the goods are confirmed, then <c>settled/HOUR/ID.json</c>.
/// A file appears whole or not at all, is on the disk before its name is, and is never rewritten; so no lock is needed.
/// </summary>
sealed class OrderFolder : IOrders
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

    public Task<Order?> Find(string id) => Task.FromResult(Look(id));

    public Task<Order> Keep(Order order) => Task.FromResult(Create(PendingPath(order.Id), order));

    public Task<Order> Settle(Order order)
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
        return Task.FromResult(kept);
    }

    public Task<IReadOnlyList<Order>> PendingFor(TimeSpan age, DateTimeOffset now) => Task.FromResult<IReadOnlyList<Order>>([.. Waiting(age, now)]);

    public Task<Order[]> Latest(int count)
    {
        var hours = Directory.GetDirectories(settled).OrderDescending(StringComparer.Ordinal).Take(HoursListed);
        var found = hours.SelectMany(h => new DirectoryInfo(h).EnumerateFiles("*.json").OrderByDescending(f => f.LastWriteTimeUtc).Take(count)).Take(count);
        return Task.FromResult<Order[]>([.. found.Select(f => Read(f.FullName)).Concat(Waiting(TimeSpan.Zero, DateTimeOffset.UtcNow)).OfType<Order>()
            .DistinctBy(o => o.Id).OrderByDescending(o => o.At).Take(count)]);
    }

    Order? Look(string id) => Read(SettledPath(id)) ?? Read(PendingPath(id)) ?? Read(SettledPath(id));

    IEnumerable<Order> Waiting(TimeSpan age, DateTimeOffset now) =>
        new DirectoryInfo(pending).EnumerateFiles("*.json")
            .Where(f => now - f.LastWriteTimeUtc >= age)
            .OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => Read(f.FullName)).OfType<Order>();

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
        return created ? order : Read(path) ?? Look(order.Id) ?? throw new IOException($"Order {order.Id} vanished while it was kept.");
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
