using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The latest requests, each thread's in a ring of its own, so that what happened to one can be told afterwards by its id. Keeping one costs two
/// short copies and a dozen writes; nothing is allocated after a thread's first request.
/// </summary>
internal sealed class Journal
{
    /// <summary>Requests kept per thread.</summary>
    public const int Kept = 2048;

    /// <summary>Longer ids and targets are kept up to here.</summary>
    public const int IdBytes = 64;

    public const int TargetBytes = 128;

    private readonly Lock gate = new();
    private Ring?[] rings = [];

    public void Add(Exchange x, long micros)
    {
        var shard = Shard.Current;
        var seen = rings;
        var ring = shard < seen.Length && seen[shard] is { } own ? own : Grow(shard);
        ring.Add(x, micros);
    }

    /// <summary>The latest request with that id; null where it is no longer, or never was, known.</summary>
    public PastRequest? Find(string id)
    {
        var wanted = Encoding.ASCII.GetBytes(id);
        if (wanted.Length > IdBytes) wanted = wanted[..IdBytes];
        PastRequest? found = null;
        foreach (var ring in Volatile.Read(ref rings))
        {
            if (ring?.Find(wanted) is { } one && (found is null || one.At > found.At)) found = one;
        }
        return found;
    }

    private Ring Grow(int shard)
    {
        lock (gate)
        {
            var grown = new Ring?[Math.Max(rings.Length, shard + 1)];
            rings.CopyTo(grown, 0);
            var ring = grown[shard] ??= new Ring();
            Volatile.Write(ref rings, grown);
            return ring;
        }
    }

    /// <summary>Written by one thread, read by another: a version that is odd while an entry is being written tells the reader to look away.</summary>
    private sealed class Ring
    {
        private readonly byte[] text = new byte[Kept * (IdBytes + TargetBytes)];
        private readonly Entry[] entries = new Entry[Kept];
        private int next;

        public void Add(Exchange x, long micros)
        {
            var at = next;
            next = at + 1 == Kept ? 0 : at + 1;
            ref var entry = ref entries[at];
            Volatile.Write(ref entry.Version, entry.Version + 1);
            var room = text.AsSpan(at * (IdBytes + TargetBytes), IdBytes + TargetBytes);
            entry.IdLength = Math.Min(x.RequestIdLength, IdBytes);
            x.RequestId.AsSpan(0, entry.IdLength).CopyTo(room);
            entry.StartLength = Math.Min(x.StartLineLength, TargetBytes);
            x.StartLine.AsSpan(0, entry.StartLength).CopyTo(room[IdBytes..]);
            entry.At = x.Connection.Gateway.Clock.CoarseUtc;
            entry.Micros = micros;
            entry.Status = x.Status;
            entry.Reason = x.Reason;
            entry.Attempts = x.Attempt;
            entry.IsHedged = x.IsHedged;
            entry.BytesIn = x.BytesIn;
            entry.BytesOut = x.BytesOut;
            entry.Target = x.Target;
            entry.Endpoint = x.Endpoint;
            entry.RefusedBy = x.RefusedBy;
            Volatile.Write(ref entry.Version, entry.Version + 1);
        }

        public PastRequest? Find(ReadOnlySpan<byte> id)
        {
            PastRequest? found = null;
            for (var at = 0; at < Kept; at++)
            {
                var version = Volatile.Read(ref entries[at].Version);
                if (version == 0 || version % 2 != 0) continue;
                var entry = entries[at];
                var room = text.AsSpan(at * (IdBytes + TargetBytes), IdBytes + TargetBytes);
                if (entry.IdLength != id.Length || !room[..entry.IdLength].SequenceEqual(id)) continue;
                var one = entry.ToRequest(Encoding.ASCII.GetString(id), Encoding.Latin1.GetString(room.Slice(IdBytes, entry.StartLength)).TrimEnd());
                Thread.MemoryBarrier();
                if (Volatile.Read(ref entries[at].Version) == version && (found is null || one.At > found.At)) found = one;
            }
            return found;
        }
    }

    [SuppressMessage("Performance", "CA1815", Justification = "Never compared.")]
    private struct Entry
    {
        public int Version;
        public int IdLength;
        public int StartLength;
        public int Status;
        public int Attempts;
        public bool IsHedged;
        public Reason Reason;
        public DateTimeOffset At;
        public long Micros;
        public long BytesIn;
        public long BytesOut;
        public RouteTarget? Target;
        public Endpoint? Endpoint;
        public Gate? RefusedBy;

        public readonly PastRequest ToRequest(string id, string start) => new(
            id,
            At,
            start,
            Target?.About ?? "",
            Target?.Cluster.Service,
            Endpoint?.Instance,
            Status,
            Problem.NameOf(Reason),
            Problem.DetailOf(Reason),
            RefusedBy?.Name,
            Micros / 1000.0,
            Attempts,
            BytesIn,
            BytesOut,
            IsHedged);
    }
}

/// <summary>What happened to a request.</summary>
/// <param name="Id">Its <c>X-Request-Id</c>.</param>
/// <param name="At">When it ended.</param>
/// <param name="Start">The request line, at most 128 bytes of it.</param>
/// <param name="About">The route or need that it took; empty where none matched.</param>
/// <param name="Service">Where it was to go.</param>
/// <param name="Instance">The instance that was tried last.</param>
/// <param name="Status">What the client got; 0 where the connection was cut instead.</param>
/// <param name="Reason">Why the gateway answered itself or cut it; <c>none</c> where the endpoint answered.</param>
/// <param name="Detail">The same in words.</param>
/// <param name="RefusedBy">The policy that turned it away.</param>
/// <param name="DurationMs">From its first byte to the end.</param>
/// <param name="Attempts">How often it was sent, or tried to be.</param>
/// <param name="BytesIn">From the client.</param>
/// <param name="BytesOut">To the client.</param>
/// <param name="Hedged">The answer is that of a second request, sent while the first was slow.</param>
public sealed record PastRequest(
    string Id,
    DateTimeOffset At,
    string Start,
    string About,
    string? Service,
    string? Instance,
    int Status,
    string Reason,
    string Detail,
    string? RefusedBy,
    double DurationMs,
    int Attempts,
    long BytesIn,
    long BytesOut,
    bool Hedged = false);
