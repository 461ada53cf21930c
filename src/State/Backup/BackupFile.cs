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
public sealed record BackupInfo(long Revision, long Entries, long Bytes, string From, DateTimeOffset At);

/// <summary>Writes and reads backups: one file, which is refused as a whole where any of it is not as it was written.</summary>
public static class BackupFile
{
    static readonly byte[] Magic = "mainstay backup 1\n"u8.ToArray();

    /// <summary>Writes a snapshot to a stream that is not sought in.</summary>
    public static async Task<BackupInfo> WriteAsync(StoreSnapshot snapshot, string from, DateTimeOffset at, Stream to, CancellationToken stop)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var info = new BackupInfo(snapshot.Revision, snapshot.Entries.Count, snapshot.Entries.Sum(e => (long)e.Key.Length + e.Value.Length), from, at);
        await PutAsync(Magic);
        await PutAsync(Delimited(new BackupHead
        {
            Revision = info.Revision, LastLease = snapshot.LastLease, Entries = info.Entries, Bytes = info.Bytes, From = from, AtUnixMs = at.ToUnixTimeMilliseconds(),
        }));
        foreach (var entry in snapshot.Entries)
        {
            await PutAsync(Delimited(new BackupEntry
            {
                Key = entry.Key, Value = UnsafeByteOperations.UnsafeWrap(entry.Value), Created = entry.CreateRevision, Modified = entry.ModRevision,
            }));
        }

        await to.WriteAsync(sum.GetHashAndReset(), stop);
        await to.FlushAsync(stop);
        return info;

        ValueTask PutAsync(byte[] bytes)
        {
            sum.AppendData(bytes);
            return to.WriteAsync(bytes, stop);
        }
    }

    /// <summary>Reads all of a file; or null, with what is wrong with it.</summary>
    public static (StoreSnapshot Snapshot, BackupInfo Info)? Read(string path, out string? wrong)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            wrong = $"the backup {path} cannot be read: {failed.Message}";
            return null;
        }

        wrong = null;
        return Parse(bytes) ?? Refuse(path, bytes, out wrong);
    }

    static (StoreSnapshot Snapshot, BackupInfo Info)? Refuse(string path, byte[] bytes, out string? wrong)
    {
        wrong = bytes.AsSpan().StartsWith(Magic)
            ? $"the backup {path} is damaged or cut off: its checksum does not match"
            : $"{path} is no backup of a store of this version";
        return null;
    }

    static (StoreSnapshot Snapshot, BackupInfo Info)? Parse(byte[] bytes)
    {
        var length = bytes.Length - SHA256.HashSizeInBytes;
        if (length < Magic.Length || !bytes.AsSpan().StartsWith(Magic) || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
            return null;
        try
        {
            using var stream = new MemoryStream(bytes, Magic.Length, length - Magic.Length);
            var head = BackupHead.Parser.ParseDelimitedFrom(stream);
            var entries = new List<Entry>();
            while (stream.Position < stream.Length)
            {
                var entry = BackupEntry.Parser.ParseDelimitedFrom(stream);
                StoreLimits.CheckKey(entry.Key);
                entries.Add(new Entry(entry.Key, entry.Value.Memory, entry.Created, entry.Modified));
            }

            var at = DateTimeOffset.FromUnixTimeMilliseconds(head.AtUnixMs);
            return entries.Count == head.Entries
                ? (new StoreSnapshot(head.Revision, head.LastLease, entries), new BackupInfo(head.Revision, head.Entries, head.Bytes, head.From, at))
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
