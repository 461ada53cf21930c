using System.Security.Cryptography;
using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Backup.Wire;

namespace Mainstay.State.Backup;

/// <summary>What a backup says of itself.</summary>
/// <param name="Revision">Of the store, that all of it is as of.</param>
/// <param name="Entries">How many.</param>
/// <param name="Bytes">Of keys and values.</param>
/// <param name="From">The store it was taken of.</param>
/// <param name="At">When.</param>
public sealed record BackupInfo(long Revision, long Entries, long Bytes, string From, DateTimeOffset At)
{
    /// <summary>What else is in it.</summary>
    public IReadOnlyList<BackupPart> Parts { get; init; } = [];
}

/// <summary>A file that is part of a backup.</summary>
/// <param name="Name">What it holds, such as <c>streams</c>.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Offset">Where it begins in the backup; 0 where it is still to be written.</param>
public sealed record BackupPart(string Name, long Bytes, long Offset = 0);

/// <summary>Writes and reads backups: one file, which is refused as a whole where any of it is not as it was written.</summary>
public static class BackupFile
{
    const int Chunk = 1 << 18;

    // One without parts is as it was before there were any.
    static readonly byte[] Plain = "mainstay backup 1\n"u8.ToArray();
    static readonly byte[] WithParts = "mainstay backup 2\n"u8.ToArray();

    /// <summary>Writes a snapshot, and files beside it, to a stream that is not sought in.</summary>
    public static async Task<BackupInfo> WriteAsync(StoreSnapshot snapshot, string from, DateTimeOffset at, Stream to, CancellationToken stop, params IReadOnlyList<(string Name, string Path)> files)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        BackupPart[] parts = [.. files.Select(f => new BackupPart(f.Name, new FileInfo(f.Path).Length))];
        var info = new BackupInfo(snapshot.Revision, snapshot.Entries.Count, snapshot.Entries.Sum(e => (long)e.Key.Length + e.Value.Length), from, at) { Parts = parts };
        var head = new BackupHead { Revision = info.Revision, LastLease = snapshot.LastLease, Entries = info.Entries, Bytes = info.Bytes, From = from, AtUnixMs = at.ToUnixTimeMilliseconds() };
        head.Parts.AddRange(parts.Select(p => new Wire.BackupPart { Name = p.Name, Bytes = p.Bytes }));
        await PutAsync(parts.Length == 0 ? Plain : WithParts);
        await PutAsync(Delimited(head));
        foreach (var entry in snapshot.Entries)
        {
            await PutAsync(Delimited(new BackupEntry
            {
                Key = entry.Key, Value = UnsafeByteOperations.UnsafeWrap(entry.Value), Created = entry.CreateRevision, Modified = entry.ModRevision,
            }));
        }

        var chunk = new byte[Chunk];
        foreach (var (_, path) in files)
        {
            await using var file = File.OpenRead(path);
            for (int read; (read = await file.ReadAsync(chunk, stop)) > 0;)
                await PutAsync(chunk.AsMemory(0, read));
        }

        await to.WriteAsync(sum.GetHashAndReset(), stop);
        await to.FlushAsync(stop);
        return info;

        ValueTask PutAsync(ReadOnlyMemory<byte> bytes)
        {
            sum.AppendData(bytes.Span);
            return to.WriteAsync(bytes, stop);
        }
    }

    /// <summary>Reads all of a file but its parts, which are checked alike; or null, with what is wrong with it.</summary>
    public static (StoreSnapshot Snapshot, BackupInfo Info)? Read(string path, out string? wrong)
    {
        wrong = null;
        try
        {
            using var file = File.OpenRead(path);
            var first = new byte[Plain.Length];
            if (file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) < first.Length || !(first.AsSpan().SequenceEqual(Plain) || first.AsSpan().SequenceEqual(WithParts)))
                wrong = $"{path} is no backup of a store of this version";
            else if (!IsWhole(file) || Parse(file) is not { } read)
                wrong = $"the backup {path} is damaged or cut off: its checksum does not match";
            else
                return read;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            wrong = $"the backup {path} cannot be read: {failed.Message}";
        }

        return null;
    }

    /// <summary>Writes one part of a backup that was read to a file, durably.</summary>
    public static void Extract(string path, BackupPart part, string to)
    {
        using var from = File.OpenRead(path);
        using var file = new FileStream(to, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        from.Position = part.Offset;
        var chunk = new byte[Chunk];
        for (var left = part.Bytes; left > 0;)
        {
            var read = from.Read(chunk, 0, (int)Math.Min(left, chunk.Length));
            if (read == 0)
                throw new EndOfStreamException($"{path} ends within '{part.Name}'");
            file.Write(chunk, 0, read);
            left -= read;
        }

        file.Flush(flushToDisk: true);
    }

    static bool IsWhole(FileStream file)
    {
        var left = file.Length - SHA256.HashSizeInBytes;
        if (left < Plain.Length)
            return false;
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[Chunk];
        file.Position = 0;
        while (left > 0)
        {
            var read = file.Read(chunk, 0, (int)Math.Min(left, chunk.Length));
            if (read == 0)
                return false;
            sum.AppendData(chunk, 0, read);
            left -= read;
        }

        var told = new byte[SHA256.HashSizeInBytes];
        return file.ReadAtLeast(told, told.Length, throwOnEndOfStream: false) == told.Length && sum.GetHashAndReset().AsSpan().SequenceEqual(told);
    }

    static (StoreSnapshot Snapshot, BackupInfo Info)? Parse(FileStream file)
    {
        try
        {
            file.Position = Plain.Length;
            var head = BackupHead.Parser.ParseDelimitedFrom(file);
            var end = file.Length - SHA256.HashSizeInBytes;
            var entries = new List<Entry>();
            for (var i = 0L; i < head.Entries && file.Position < end; i++)
            {
                var entry = BackupEntry.Parser.ParseDelimitedFrom(file);
                StoreLimits.CheckKey(entry.Key);
                entries.Add(new Entry(entry.Key, entry.Value.Memory, entry.Created, entry.Modified));
            }

            var parts = new List<BackupPart>();
            var at = file.Position;
            foreach (var part in head.Parts)
            {
                parts.Add(new(part.Name, part.Bytes, at));
                at += part.Bytes;
            }

            return entries.Count == head.Entries && at == end
                ? (new StoreSnapshot(head.Revision, head.LastLease, entries), new BackupInfo(head.Revision, head.Entries, head.Bytes, head.From, DateTimeOffset.FromUnixTimeMilliseconds(head.AtUnixMs)) { Parts = parts })
                : null;
        }
        catch (Exception malformed) when (malformed is InvalidProtocolBufferException or ArgumentException)
        {
            return null;
        }
    }

    static byte[] Delimited(IMessage message)
    {
        using var stream = new MemoryStream();
        message.WriteDelimitedTo(stream);
        return stream.ToArray();
    }
}
