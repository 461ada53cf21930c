using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Security.Cryptography;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Drivers;

/// <summary>Where outputs of builds come from.</summary>
public interface IOutputSource
{
    /// <summary>What there is of a build. Throws <see cref="HttpRequestException"/> or <see cref="IOException"/> where that cannot be had now.</summary>
    Task<OutputArchive> DescribeAsync(string build, CancellationToken stop);

    /// <summary>One piece of it; throws alike.</summary>
    Task<byte[]> PieceAsync(string build, string digest, int piece, CancellationToken stop);
}

/// <summary>
/// Brings outputs of builds that were made on another machine. Every piece is checked by its digest before it is kept, one that is kept is not asked for again, whatever ended this process meanwhile, and the output gets its
/// final name only when it is whole.
/// </summary>
/// <param name="folder">Where they are kept.</param>
/// <param name="source">Where they come from.</param>
public sealed class OutputFetcher(DataFolder folder, IOutputSource source)
{
    /// <summary>The largest archive.</summary>
    public const long MostBytes = 16L << 30;

    readonly ConcurrentDictionary<string, Lazy<Task<string?>>> underWay = new(StringComparer.Ordinal);

    /// <summary>The builds whose output is in use; see <see cref="OldOutputs"/>.</summary>
    public Func<IReadOnlySet<string>> InUse { get; init; } = () => new HashSet<string>();

    /// <summary>Called with what went wrong and is done without, for the log. Default: nothing.</summary>
    public Action<string, Exception> OnFault { get; init; } = (_, _) => { };

    /// <summary>Sees to it that the output of a build is here; once for all that ask at a time. Null when it is, else why not, for people.</summary>
    public async Task<string?> BringAsync(string build, CancellationToken stop)
    {
        var one = underWay.GetOrAdd(build, name => new(() => Task.Run(() => TryAsync(name, stop), CancellationToken.None)));
        try
        {
            return await one.Value;
        }
        finally
        {
            underWay.TryRemove(new(build, one));
        }
    }

    async Task<string?> TryAsync(string build, CancellationToken stop)
    {
        var service = Build.ServiceOf(build);
        var output = folder.OutputOf(service, build);
        try
        {
            if (!Directory.Exists(output))
            {
                await FetchAsync(build, output, stop);
                OldOutputs.Prune(folder, service, InUse(), OnFault);
            }

            return null;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException or InvalidDataException or System.Text.Json.JsonException)
        {
            return $"the output of {build} could not be brought here: {fault.Message}";
        }
    }

    // 1. What there is. 2. The pieces that are not here yet. 3. Unpack beside, then rename.
    async Task FetchAsync(string build, string output, CancellationToken stop)
    {
        var archive = await source.DescribeAsync(build, stop);
        if (archive is not { Piece: > 0 and <= 64 << 20, Bytes: > 0 and <= MostBytes, Digest.Length: 64, Pieces: not null } || archive.Pieces.Count != (archive.Bytes + archive.Piece - 1) / archive.Piece)
        {
            throw new InvalidDataException("the server describes an archive that cannot be");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        var part = $"{output}.{archive.Digest[..16]}.part";
        using (var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            for (var piece = await WholeAsync(file, archive, stop); piece < archive.Pieces.Count; piece++)
            {
                var bytes = await source.PieceAsync(build, archive.Digest, piece, stop);
                if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != archive.Pieces[piece])
                {
                    throw new InvalidDataException($"piece {piece} is not what it should be");
                }

                await file.WriteAsync(bytes, stop);
                await file.FlushAsync(stop);
            }
        }

        var unfinished = output + ".tmp";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Directory.CreateDirectory(unfinished);
        await TarFile.ExtractToDirectoryAsync(part, unfinished, overwriteFiles: false, stop);
        Directory.Move(unfinished, output);
        File.Delete(part);
    }

    /// <summary>How many pieces are here and whole; the file ends behind them.</summary>
    static async Task<int> WholeAsync(FileStream file, OutputArchive archive, CancellationToken stop)
    {
        var buffer = new byte[archive.Piece];
        var whole = 0;
        while (whole < archive.Pieces.Count)
        {
            var length = (int)Math.Min(archive.Piece, archive.Bytes - ((long)whole * archive.Piece));
            if (await file.ReadAtLeastAsync(buffer.AsMemory(0, length), length, throwOnEndOfStream: false, stop) < length
                || Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, length))) != archive.Pieces[whole])
            {
                break;
            }

            whole++;
        }

        file.SetLength(Math.Min(archive.Bytes, (long)whole * archive.Piece));
        file.Position = file.Length;
        return whole;
    }
}
