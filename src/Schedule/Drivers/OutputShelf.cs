using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Security.Cryptography;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>What a build left behind, as one archive in pieces.</summary>
/// <param name="Digest">SHA-256 of the whole, in hexadecimal.</param>
/// <param name="Bytes">Of the whole.</param>
/// <param name="Piece">Bytes of each piece but the last.</param>
/// <param name="Pieces">SHA-256 of each piece, in hexadecimal.</param>
public sealed record OutputArchive(string Digest, long Bytes, int Piece, IReadOnlyList<string> Pieces);

/// <summary>
/// Gives the outputs of builds on this machine away, as archives (tar) that are made when one is first asked for and kept in <c>artifacts/</c> of the data folder: whoever was interrupted goes on with the same bytes.
/// A build that left nothing in <c>$OUT</c> has left it in its working folder: that is its output then, without folders whose names begin with a dot.
/// </summary>
/// <param name="folder">Of the agent that built.</param>
/// <param name="workingFolder">Where a build was made; null where that is not known.</param>
public sealed class OutputShelf(DataFolder folder, Func<string, string?>? workingFolder = null)
{
    /// <summary>Bytes of a piece.</summary>
    public const int PieceBytes = 1 << 20;

    /// <summary>Archives that are kept; more than that only while more were asked for in the last hour.</summary>
    public const int Kept = 8;

    static readonly TimeSpan Fresh = TimeSpan.FromHours(1);

    readonly ConcurrentDictionary<string, Lazy<Task<OutputArchive?>>> made = new(StringComparer.Ordinal);

    /// <summary>The archive of a build; null where this machine does not have its output. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where it cannot be made.</summary>
    public async Task<OutputArchive?> OfAsync(string build)
    {
        var one = made.GetOrAdd(build, name => new(() => Task.Run(() => Find(name))));
        OutputArchive? archive = null;
        try
        {
            archive = await one.Value;
            return archive;
        }
        finally
        {
            // What is not there may be there later.
            if (archive is null)
            {
                made.TryRemove(new(build, one));
            }
        }
    }

    /// <summary>One piece; null where there is no such archive, or it has no such piece.</summary>
    public async Task<byte[]?> PieceAsync(string build, string digest, int piece, CancellationToken stop)
    {
        if (await OfAsync(build) is not { } archive || archive.Digest != digest || piece < 0 || piece >= archive.Pieces.Count)
        {
            return null;
        }

        var bytes = new byte[Math.Min(PieceBytes, archive.Bytes - ((long)piece * PieceBytes))];
        using var file = File.OpenHandle(ArchiveOf(build));
        var read = 0;
        while (read < bytes.Length && await RandomAccess.ReadAsync(file, bytes.AsMemory(read), ((long)piece * PieceBytes) + read, stop) is > 0 and var count)
        {
            read += count;
        }

        return read == bytes.Length ? bytes : throw new IOException($"{ArchiveOf(build)} is shorter than it was; delete it, and it is made anew");
    }

    string Folder => Directory.CreateDirectory(Path.Combine(folder.Root, "artifacts"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    string ArchiveOf(string build) => Path.Combine(Folder, build + ".tar");

    OutputArchive? Find(string build)
    {
        var (archive, list) = (ArchiveOf(build), Path.Combine(Folder, build + ".json"));
        if (File.Exists(archive) && File.Exists(list))
        {
            try
            {
                if (Codec.Decode<OutputArchive>(File.ReadAllBytes(list)) is { Pieces: not null } known && known.Bytes == new FileInfo(archive).Length)
                {
                    File.SetLastWriteTimeUtc(archive, TimeProvider.System.GetUtcNow().UtcDateTime);
                    return known;
                }
            }
            catch (System.Text.Json.JsonException)
            {
                // It is made anew.
            }
        }

        var output = folder.OutputOf(Build.ServiceOf(build), build);
        if (!Directory.Exists(output))
        {
            return null;
        }

        if (!Directory.EnumerateFileSystemEntries(output).Any() && workingFolder?.Invoke(build) is { } worked && Directory.Exists(worked))
        {
            output = worked;
        }

        Pack(output, archive + ".tmp");
        var made = Measure(archive + ".tmp");
        DataFolder.WriteAtomically(list, Codec.Encode(made));
        File.Move(archive + ".tmp", archive, overwrite: true);
        Prune();
        return made;
    }

    static void Pack(string output, string archive)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None };
        using var tar = new TarWriter(File.Create(archive), TarEntryFormat.Pax);
        var folders = new Stack<string>([output]);
        while (folders.TryPop(out var next))
        {
            foreach (var entry in new DirectoryInfo(next).EnumerateFileSystemInfos("*", all).OrderBy(e => e.Name, StringComparer.Ordinal))
            {
                var isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
                if (isFolder && entry.Name.StartsWith('.'))
                {
                    continue;
                }

                tar.WriteEntry(entry.FullName, Path.GetRelativePath(output, entry.FullName));
                if (isFolder)
                {
                    folders.Push(entry.FullName);
                }
            }
        }
    }

    static OutputArchive Measure(string file)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = File.OpenRead(file);
        var pieces = new List<string>();
        var buffer = new byte[PieceBytes];
        while (stream.ReadAtLeast(buffer, PieceBytes, throwOnEndOfStream: false) is > 0 and var count)
        {
            whole.AppendData(buffer, 0, count);
            pieces.Add(Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, count))));
        }

        return new(Convert.ToHexStringLower(whole.GetHashAndReset()), stream.Length, PieceBytes, pieces);
    }

    void Prune()
    {
        var old = TimeProvider.System.GetUtcNow().UtcDateTime - Fresh;
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles("*.tar").OrderByDescending(f => f.LastWriteTimeUtc).Skip(Kept).Where(f => f.LastWriteTimeUtc < old))
        {
            made.TryRemove(Path.GetFileNameWithoutExtension(file.Name), out _);
            file.Delete();
            File.Delete(Path.ChangeExtension(file.FullName, ".json"));
        }
    }
}
