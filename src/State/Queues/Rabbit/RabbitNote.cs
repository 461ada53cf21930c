using System.Buffers.Binary;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>An id of a producer that is remembered after its message is done with.</summary>
readonly record struct SeenId(UInt128 Hash, long Id, long AtMs);

/// <summary>What the engine writes down beside the messages: who has the queues, and which messages are done with.</summary>
/// <param name="Owner">The engine that wrote it.</param>
/// <param name="IsOpening">It took the queues over here.</param>
/// <param name="LastId">The largest id that it had given.</param>
/// <param name="Ended">Ids that are done with, as ranges with both ends.</param>
/// <param name="Seen">Ids of producers of these messages.</param>
sealed record RabbitNote(uint Owner, bool IsOpening, long LastId, IReadOnlyList<(long From, long To)> Ended, IReadOnlyList<SeenId> Seen)
{
    const byte Version = 1;

    /// <summary>A note of messages that are done with.</summary>
    public static RabbitNote Of(uint owner, long lastId, IEnumerable<long> ended, IReadOnlyList<SeenId> seen)
    {
        var ranges = new List<(long From, long To)>();
        foreach (var id in ended.Order())
        {
            if (ranges.Count > 0 && ranges[^1].To >= id - 1)
                ranges[^1] = (ranges[^1].From, id);
            else
                ranges.Add((id, id));
        }

        return new(owner, false, lastId, ranges, seen);
    }

    public byte[] Encode()
    {
        using var into = new MemoryStream();
        using (var writer = new BinaryWriter(into))
        {
            writer.Write(Version);
            writer.Write(Owner);
            writer.Write(IsOpening);
            writer.Write(LastId);
            writer.Write7BitEncodedInt(Ended.Count);
            var before = 0L;
            foreach (var (from, to) in Ended)
            {
                writer.Write7BitEncodedInt64(from - before);
                writer.Write7BitEncodedInt64(to - from);
                before = to;
            }

            writer.Write7BitEncodedInt(Seen.Count);
            Span<byte> hash = stackalloc byte[16];
            foreach (var one in Seen)
            {
                BinaryPrimitives.WriteUInt128LittleEndian(hash, one.Hash);
                writer.Write(hash);
                writer.Write(one.Id);
                writer.Write(one.AtMs);
            }
        }

        return into.ToArray();
    }

    /// <summary>Null where it is none.</summary>
    public static RabbitNote? Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()));
            if (reader.ReadByte() != Version)
                return null;
            var (owner, isOpening, lastId) = (reader.ReadUInt32(), reader.ReadBoolean(), reader.ReadInt64());
            var (ended, before) = (new List<(long, long)>(), 0L);
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
            {
                var from = before + reader.Read7BitEncodedInt64();
                ended.Add((from, before = from + reader.Read7BitEncodedInt64()));
            }

            var seen = new List<SeenId>();
            for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
                seen.Add(new(BinaryPrimitives.ReadUInt128LittleEndian(reader.ReadBytes(16)), reader.ReadInt64(), reader.ReadInt64()));
            return new(owner, isOpening, lastId, ended, seen);
        }
        catch (Exception cut) when (cut is IOException or ArgumentException or FormatException)
        {
            return null;
        }
    }
}

/// <summary>Ids that are done with: many, nearly all in a row.</summary>
sealed class IdRanges
{
    readonly HashSet<long> single = [];
    (long From, long To)[] ranges = [];

    /// <summary>Begins with these.</summary>
    public void Set(List<(long From, long To)> all)
    {
        single.Clear();
        all.Sort();
        var merged = new List<(long From, long To)>();
        foreach (var (from, to) in all)
        {
            if (merged.Count > 0 && merged[^1].To >= from - 1)
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            else
                merged.Add((from, to));
        }

        ranges = [.. merged];
    }

    public void Add(long id) => single.Add(id);

    public bool Contains(long id)
    {
        if (single.Contains(id))
            return true;
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].To < id)
                low = middle + 1;
            else if (ranges[middle].From > id)
                high = middle - 1;
            else
                return true;
        }

        return false;
    }
}
