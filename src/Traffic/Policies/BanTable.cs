using System.Numerics;
using System.Runtime.InteropServices;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// What clients do, in a memory that never grows, and who of them is banned. Clients fall into sets of eight. Where a ninth comes, the one with the
/// fewest requests is forgotten, and the new one begins at nothing: who is unknown is never blamed for others. Who is or was banned lately
/// is forgotten last.
/// </summary>
/// <remarks>
/// The time is handed in and may step back a little between calls, because each loop has taken it for itself. Each set has a lock that is held for
/// some nanoseconds; while nobody is banned, asking whether somebody is costs one load.
/// </remarks>
internal sealed class BanTable
{
    private const int Ways = 8;
    private const int PathBits = 128;
    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, Ban> current = [];
    private readonly Cell[] cells;
    private readonly int[] locks;
    private readonly int sets;
    private readonly ulong seed;
    private int banned;
    private long displaced;

    /// <param name="clients">Clients at a time; rounded up to a multiple of eight.</param>
    /// <param name="seed">Makes it unforeseeable which clients share a set and which paths share a bit.</param>
    public BanTable(int clients, ulong seed)
    {
        sets = Math.Max(1, (clients + Ways - 1) / Ways);
        cells = new Cell[sets * Ways];
        locks = new int[sets];
        this.seed = seed;
    }

    /// <summary>How many are banned.</summary>
    public int Banned => Volatile.Read(ref banned);

    /// <summary>Clients that were forgotten while they still counted.</summary>
    public long Displaced => Volatile.Read(ref displaced);

    /// <summary>A client's number, never 0: all of an IPv4 address, the first 64 bits of an IPv6 address, because one client has all of the rest.</summary>
    public static UInt128 ClientOf(UInt128 address) => IpText.IsIPv4(address) ? address : (address & ((UInt128)ulong.MaxValue << 64)) | 1;

    /// <summary>Milliseconds that an address is still banned; 0 where it is not.</summary>
    public long LeftMs(UInt128 address, long nowMs)
    {
        if (Banned == 0) return 0;
        var client = ClientOf(address);
        var set = Enter(client);
        var at = Find(client, set);
        var left = at < 0 ? 0 : Math.Max(0, cells[at].UntilMs - nowMs);
        Leave(set);
        return left;
    }

    /// <summary>Counts a request, and bans its client where that is one too many.</summary>
    /// <param name="address">Where it came from.</param>
    /// <param name="sight">What there was to see.</param>
    /// <param name="path">A hash of the path; only for <see cref="Sight.Missing"/>.</param>
    /// <param name="terms">What is too many.</param>
    /// <param name="nowMs">When.</param>
    /// <param name="ban">The ban that begins.</param>
    /// <returns>True where one begins.</returns>
    public bool Note(UInt128 address, Sight sight, ulong path, BanTerms terms, long nowMs, out Ban ban)
    {
        var client = ClientOf(address);
        ban = default;
        var set = Enter(client);
        var at = Find(client, set);
        var gone = default(UInt128);
        if (at < 0) at = Displace(client, set, terms, nowMs, out gone);
        ref var cell = ref cells[at];
        // What was under way when the ban began changes nothing more.
        if (cell.UntilMs <= nowMs)
        {
            if (cell.Requests == 0 || nowMs - cell.SinceMs >= terms.WindowMs) cell.Begin(nowMs);
            Count(ref cell, sight, path);
            var offence = Judge(cell, terms, out var count);
            if (offence != Offence.None) ban = BanNow(ref cell, offence, count, terms, nowMs);
        }
        Leave(set);
        if (gone != default || ban.Offence != Offence.None) Keep(gone, ban);
        return ban.Offence != Offence.None;
    }

    /// <summary>Takes out the bans that are over.</summary>
    public List<Ban> TakeEnded(long nowMs)
    {
        var ended = new List<Ban>();
        if (Banned == 0) return ended;
        lock (gate)
        {
            foreach (var ban in current.Values)
            {
                if (ban.UntilMs <= nowMs) ended.Add(ban);
            }
            foreach (var ban in ended) current.Remove(ban.Client);
            Volatile.Write(ref banned, current.Count);
        }
        return ended;
    }

    /// <summary>Ends the bans of those who are never to be banned, and forgets what they did.</summary>
    public List<Ban> Release(Predicate<UInt128> isFree)
    {
        List<Ban> released;
        lock (gate)
        {
            released = [.. current.Values.Where(ban => isFree(ban.Client))];
            foreach (var ban in released) current.Remove(ban.Client);
            Volatile.Write(ref banned, current.Count);
        }
        foreach (var ban in released)
        {
            var set = Enter(ban.Client);
            if (Find(ban.Client, set) is >= 0 and var at) cells[at] = default;
            Leave(set);
        }
        return released;
    }

    /// <summary>Who is banned, the latest first.</summary>
    /// <param name="most">At most so many.</param>
    public List<Ban> Bans(int most)
    {
        lock (gate) return [.. current.Values.OrderByDescending(ban => ban.SinceMs).ThenBy(ban => ban.Client).Take(most)];
    }

    private void Keep(UInt128 gone, in Ban ban)
    {
        lock (gate)
        {
            if (gone != default) current.Remove(gone);
            if (ban.Offence != Offence.None) current[ban.Client] = ban;
            Volatile.Write(ref banned, current.Count);
        }
    }

    private void Count(ref Cell cell, Sight sight, ulong path)
    {
        cell.Requests++;
        if ((sight & Sight.Error) != 0) cell.Errors++;
        if ((sight & Sight.Failure) != 0) cell.Failures++;
        if ((sight & Sight.Missing) != 0)
        {
            var bit = (int)(KeyHash.Mix(path ^ seed) % PathBits);
            cell.Paths |= UInt128.One << bit;
        }
    }

    private static Offence Judge(in Cell cell, BanTerms terms, out int count)
    {
        count = cell.Requests;
        if (terms.Requests > 0 && cell.Requests > terms.Requests) return Offence.Requests;
        count = cell.Failures;
        if (terms.Failures > 0 && cell.Failures >= terms.Failures) return Offence.Failures;
        if (terms.Missing > 0 && cell.Paths != 0)
        {
            count = DifferentPaths(cell.Paths);
            if (count >= terms.Missing) return Offence.Scan;
        }
        count = cell.Errors;
        return terms.Errors > 0 && cell.Requests >= terms.Minimum && cell.Errors >= terms.Errors * cell.Requests ? Offence.Errors : Offence.None;
    }

    /// <summary>Linear counting: how many paths set so many of the bits.</summary>
    private static int DifferentPaths(UInt128 paths)
    {
        var set = BitOperations.PopCount((ulong)paths) + BitOperations.PopCount((ulong)(paths >> 64));
        return Different[set];
    }

    private static readonly int[] Different =
        [.. Enumerable.Range(0, PathBits + 1).Select(set => set == PathBits ? int.MaxValue : (int)Math.Round(-PathBits * Math.Log(1 - (double)set / PathBits)))];

    private static Ban BanNow(ref Cell cell, Offence offence, int count, BanTerms terms, long nowMs)
    {
        cell.Times = cell.UntilMs != 0 && nowMs - cell.UntilMs <= terms.LongestMs ? Math.Min(cell.Times + 1, 63) : 1;
        var length = Math.Min((double)terms.LongestMs, terms.ForMs * Math.Pow(2, cell.Times - 1));
        cell.UntilMs = nowMs + (long)length;
        var ban = new Ban(cell.Client, offence, count, cell.Requests, cell.Times, nowMs, cell.UntilMs);
        cell.Begin(nowMs);
        return ban;
    }

    private int Enter(UInt128 client)
    {
        var set = (int)(((UInt128)KeyHash.Mix((ulong)client ^ KeyHash.Mix((ulong)(client >> 64) ^ seed)) * (ulong)sets) >> 64);
        if (Interlocked.Exchange(ref locks[set], 1) != 0) Spin(set);
        return set;
    }

    private void Spin(int set)
    {
        var wait = new SpinWait();
        while (Interlocked.Exchange(ref locks[set], 1) != 0) wait.SpinOnce(sleep1Threshold: -1);
    }

    private void Leave(int set) => Volatile.Write(ref locks[set], 0);

    private int Find(UInt128 client, int set)
    {
        var first = set * Ways;
        for (var at = first; at < first + Ways; at++)
        {
            if (cells[at].Client == client) return at;
        }
        return -1;
    }

    private int Displace(UInt128 client, int set, BanTerms terms, long nowMs, out UInt128 gone)
    {
        var first = set * Ways;
        var lightest = first;
        var least = long.MaxValue;
        for (var at = first; at < first + Ways && least > 0; at++)
        {
            var weight = cells[at].Weight(terms, nowMs);
            if (weight >= least) continue;
            (lightest, least) = (at, weight);
        }
        gone = cells[lightest].UntilMs > nowMs ? cells[lightest].Client : default;
        if (least > 0) Interlocked.Increment(ref displaced);
        cells[lightest] = new Cell { Client = client };
        return lightest;
    }

    /// <summary>What is known of a client; all zero is a free place.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Cell
    {
        public UInt128 Client;
        public UInt128 Paths;
        public long SinceMs;
        public long UntilMs;
        public int Requests;
        public int Errors;
        public int Failures;
        public int Times;

        public void Begin(long nowMs)
        {
            SinceMs = nowMs;
            Requests = Errors = Failures = 0;
            Paths = 0;
        }

        /// <summary>How much would be lost with it; 0 for nothing.</summary>
        public readonly long Weight(BanTerms terms, long nowMs) =>
            UntilMs > nowMs ? (1L << 62) + Math.Min(UntilMs - nowMs, 1L << 40)
            : UntilMs != 0 && nowMs - UntilMs <= terms.LongestMs ? (1L << 32) + Requests
            : nowMs - SinceMs >= terms.WindowMs ? 0 : Requests;
    }
}
