using System.Globalization;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>
/// Requests that are drawn: some objects are asked for much more often than others (Zipf), while something reads many others once in a row. How often do two
/// orders of giving way have what is asked for?
/// </summary>
static class CacheTrace
{
    /// <summary>Words: <c>objects=N requests=N room=N scan=N every=N skew=X</c>; a scan of so many objects that are never asked for again, after every so many requests.</summary>
    public static string Compare(string[] words)
    {
        var terms = words.Skip(1).Select(word => word.Split('=')).ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        var keys = Draw((int)terms["objects"], (int)terms["requests"], (int)terms.GetValueOrDefault("scan"), (int)terms.GetValueOrDefault("every", 1), terms["skew"]);
        var room = (int)terms["room"];
        return string.Create(CultureInfo.InvariantCulture, $"s3-fifo {S3(keys, room):P1}, lru {Lru(keys, room):P1} of what is asked for more than once");
    }

    static List<ulong> Draw(int objects, int requests, int scan, int every, double skew)
    {
        var weights = new double[objects];
        var sum = 0.0;
        for (var index = 0; index < objects; index++)
        {
            sum += 1 / Math.Pow(index + 1, skew);
            weights[index] = sum;
        }

        var dice = new Dice(7);
        var keys = new List<ulong>();
        var next = (ulong)objects;
        for (var request = 0; request < requests; request++)
        {
            var drawn = (dice.Next() >> 11) / (double)(1UL << 53) * sum;
            var at = Array.BinarySearch(weights, drawn);
            keys.Add((ulong)Math.Min(at < 0 ? ~at : at, objects - 1));
            for (var index = 0; scan > 0 && request % every == every - 1 && index < scan; index++)
            {
                keys.Add(next++);
            }
        }

        return keys;
    }

    static double S3(List<ulong> keys, int room)
    {
        var order = new S3Fifo(room);
        var kept = new Dictionary<ulong, S3Node>();
        var evicted = new List<S3Node>();
        return Ratio(keys, key =>
        {
            if (kept.TryGetValue(key, out var node))
            {
                node.Touch();
                return true;
            }

            kept[key] = new One(key);
            order.Add(kept[key], evicted);
            evicted.ForEach(one => kept.Remove(one.Key));
            evicted.Clear();
            return false;
        });
    }

    static double Lru(List<ulong> keys, int room)
    {
        var order = new LinkedList<ulong>();
        var kept = new Dictionary<ulong, LinkedListNode<ulong>>();
        return Ratio(keys, key =>
        {
            if (kept.TryGetValue(key, out var node))
            {
                order.Remove(node);
                order.AddFirst(node);
                return true;
            }

            if (kept.Count == room)
            {
                kept.Remove(order.Last!.Value);
                order.RemoveLast();
            }

            kept[key] = order.AddFirst(key);
            return false;
        });
    }

    /// <summary>Of the requests that are no scan, which come again; scans miss in any order.</summary>
    static double Ratio(List<ulong> keys, Func<ulong, bool> ask)
    {
        var regular = keys.GroupBy(key => key).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
        var (hits, asked) = (0, 0);
        foreach (var key in keys)
        {
            var hit = ask(key);
            if (!regular.Contains(key))
            {
                continue;
            }

            asked++;
            hits += hit ? 1 : 0;
        }

        return (double)hits / asked;
    }

    sealed class One(ulong key) : S3Node(key, 1);
}
